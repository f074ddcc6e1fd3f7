import { Link } from "react-router";

import { Page } from "../Page";

export function Lost() {
  return (
    <Page title="Nothing is here">
      <p>
        There is no such page. <Link to="/">Start page</Link>
      </p>
    </Page>
  );
}
