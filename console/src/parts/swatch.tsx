import { pageColour } from "../overlays/colour";
import { useTheme } from "../theme/theme";

/** The colour of a label, as on pictures but fit for the page. */
export function Swatch({ label }: { label: string }) {
  const theme = useTheme();
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" style={{ flex: "none" }}>
      <rect width="10" height="10" rx="3" fill={pageColour(label, theme)} />
    </svg>
  );
}
