import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  const { LANDFALL_LISTEN = "127.0.0.1:3000" } = loadEnv(mode, ".", "LANDFALL_");
  return {
    plugins: [react()],
    server: {
      port: 5173,
      // The provider knows this port and no other.
      strictPort: true,
      // The backend's base URL is the address that people see: the Host stays as it is.
      proxy: { "^/(auth|api)/": { target: `http://${LANDFALL_LISTEN}`, changeOrigin: false } },
    },
    build: {
      // The backend's Content-Security-Policy allows no `data:`.
      assetsInlineLimit: 0,
    },
  };
});
