/** The mark of Darkroom. */
export function Brand({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 22 22" aria-hidden="true">
      <circle cx="11" cy="11" r="7.5" fill="none" stroke="var(--accent)" strokeWidth="2.5" />
      <circle cx="11" cy="11" r="2.6" fill="var(--accent)" />
    </svg>
  );
}
