import { useState } from "react";

import { useSession } from "./session";

const PREFIX = "draft ";

/** Text that survives a sign-in in this tab, for the same person alone. */
export function useDraft(name: string): [string, (text: string) => void] {
  const { person } = useSession();
  const key = `${PREFIX}${name} ${person?.issuer} ${person?.subject}`;
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? "");
  const write = (text: string) => {
    setText(text);
    if (text) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  };
  return [text, write];
}

/** Forgets all of them: whoever signs out leaves nothing behind. */
export function clearDrafts() {
  Object.keys(sessionStorage)
    .filter((key) => key.startsWith(PREFIX))
    .forEach((key) => sessionStorage.removeItem(key));
}
