import { Link, useParams, useSearchParams } from "react-router";

import { Page } from "../Page";

const MONTHS = Array.from({ length: 12 }, (_, index) => ({
  month: new Date(2026, index).toLocaleString("en", { month: "long" }),
  amount: ((index * 7919) % 97) * 100 + 1200,
}));
const TOTAL = MONTHS.reduce((sum, { amount }) => sum + amount, 0);

/** A deep link's destination: the path, the query and the fragment each have their say. */
export function Reports() {
  const { year } = useParams();
  const [query] = useSearchParams();
  const byAmount = query.get("sort") === "amount";
  const rows = byAmount ? MONTHS.toSorted((a, b) => b.amount - a.amount) : MONTHS;
  return (
    <Page title={`Report of ${year}`}>
      <p>
        {byAmount ? (
          <>
            The largest amounts first. <Link to="?">By month</Link>
          </>
        ) : (
          <>
            Month after month. <Link to="?sort=amount">By amount</Link>
          </>
        )}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ month, amount }) => (
            <tr key={month}>
              <th scope="row">{month}</th>
              <td>{amount.toLocaleString("en")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2 id="total" tabIndex={-1}>
        Total
      </h2>
      <p>{TOTAL.toLocaleString("en")} in the whole year, which nobody has earned: the numbers are made up.</p>
    </Page>
  );
}
