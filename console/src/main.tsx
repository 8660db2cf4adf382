import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/problems";
import { App } from "./app";
import { Gate } from "./session/gate";
import { prefetchSession } from "./session/session";
import { applyTheme } from "./theme/theme";
import "./theme/tokens.css";
import "./theme/base.css";

applyTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && !(error instanceof Problem && error.status < 500),
    },
  },
});

prefetchSession(queries);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Gate>
          <App />
        </Gate>
      </QueryClientProvider>
    </StrictMode>,
  );
}
