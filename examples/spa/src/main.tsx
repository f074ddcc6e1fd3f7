import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, Route, Routes } from "react-router";

import { Layout } from "./Layout";
import { About } from "./pages/About";
import { Callback } from "./pages/Callback";
import { Home } from "./pages/Home";
import { Lost } from "./pages/Lost";
import { Notes } from "./pages/Notes";
import { Reports } from "./pages/Reports";
import { RequireSignIn } from "./RequireSignIn";
import { SessionProvider } from "./session";
import "./style.css";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <BrowserRouter>
      <Routes>
        {/* Outside of the session: who is there is asked once this is done. */}
        <Route path="/callback" element={<Callback />} />
        <Route element={<SessionProvider><Layout /></SessionProvider>}>
          <Route index element={<Home />} />
          <Route element={<RequireSignIn />}>
            <Route path="/about" element={<About />} />
            <Route path="/notes" element={<Notes />} />
            <Route path="/reports/:year" element={<Reports />} />
          </Route>
          <Route path="*" element={<Lost />} />
        </Route>
      </Routes>
    </BrowserRouter>
  </StrictMode>,
);
