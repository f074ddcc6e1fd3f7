import { type ReactNode, useEffect, useRef } from "react";
import { useLocation, useNavigationType } from "react-router";

/** A page's content, with its title. After a click it is where a keyboard and a screen reader go on. */
export function Page({ title, children }: { title: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { hash } = useLocation();
  const isClick = useNavigationType() === "PUSH";
  useEffect(() => {
    // Nobody but the page itself can scroll to what was not there when the address was opened.
    const place = hash ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
    if (place) place.scrollIntoView();
    const target = place ?? (isClick ? heading.current : null);
    target?.focus({ preventScroll: true });
  }, [hash, isClick]);
  return (
    <main>
      <title>{`${title} – Landfall`}</title>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </main>
  );
}
