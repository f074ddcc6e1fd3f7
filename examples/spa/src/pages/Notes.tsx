import { SignInRequired } from "landfall-browser";
import { type FormEvent, useState } from "react";

import { useDraft } from "../draft";
import { landfall } from "../landfall";
import { Page } from "../Page";

export function Notes() {
  const [text, setText] = useDraft("notes");
  const [said, setSaid] = useState("");

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setSaid("Saving…");
    try {
      const body = JSON.stringify({ text });
      const headers = { "content-type": "application/json" };
      const response = await landfall.fetch("/api/echo", { method: "POST", headers, body });
      if (!response.ok) throw new Error(`The answer was ${response.status}.`);
      const saved: { text: string } = await response.json();
      setText("");
      setSaid(`Saved: ${saved.text}`);
    } catch (error) {
      // The notice says what to do.
      setSaid(error instanceof SignInRequired ? "Not saved yet." : `Not saved: ${(error as Error).message}`);
    }
  };

  return (
    <Page title="Notes">
      <form onSubmit={(event) => void save(event)}>
        <label htmlFor="note">What is on your mind?</label>
        <textarea id="note" rows={6} required value={text} onChange={(event) => setText(event.target.value)} />
        <button>Save</button>
        <p role="status">{said}</p>
      </form>
    </Page>
  );
}
