import { createLandfall } from "landfall-browser";

/** The backend is on this origin, at /auth; the callback route is /callback. */
export const landfall = createLandfall();
