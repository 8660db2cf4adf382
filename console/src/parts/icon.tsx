/** Icons: 20 x 20, drawn with the text's colour. They are decoration; what they mean is said in text. */

const PATHS = {
  live: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6M4.7 15.3a7.5 7.5 0 0 1 0-10.6M15.3 4.7a7.5 7.5 0 0 1 0 10.6",
  explore: "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12M13.5 13.5 17.5 17.5",
  letters: "M3 5h14v10H3zM3 5.5l7 5.5 7-5.5",
  overview: "M3 4h5v5H3zM12 11h5v5h-5zM8 6.5h4.5a2 2 0 0 1 2 2V11",
  submit: "M10 13V3.5M6 7.5l4-4 4 4M3.5 12.5v3a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1v-3",
  image: "M3 4h14v12H3zM3 13l4-4 4 4 2.5-2.5L17 14M13 7.5h.01",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  plug: "M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0zM10 15v3",
  alert: "M10 3 2.5 16.5h15zM10 8v4M10 14.2v.1",
  pause: "M7 4.5v11M13 4.5v11",
  play: "M6.5 4.5v11l9-5.5z",
  close: "M5 5l10 10M15 5 5 15",
  sun: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5",
  system: "M3 4h14v9H3zM7 16.5h6M10 13v3.5",
  keyboard: "M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6 11.8h8",
  user: "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4M3.5 16.8a6.5 6.5 0 0 1 13 0",
  exit: "M12 6V3.5H4v13h8V14M8.5 10h8.5M14 7l3 3-3 3",
  camera: "M3 6h3l1.5-2h5L14 6h3v10H3zM10 13.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6",
  folder: "M3 5h5l1.5 2H17v9H3z",
  copy: "M7 7h9v10H7zM4 13V3h9",
  again: "M15.8 7A6.5 6.5 0 1 0 16.5 10M16.5 3.5V7H13",
  download: "M10 3.5V13M6 9l4 4 4-4M3.5 16.5h13",
  code: "M7 6 3 10l4 4M13 6l4 4-4 4",
  back: "M12 4.5 6.5 10l5.5 5.5",
  forward: "M8 4.5 13.5 10 8 15.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
