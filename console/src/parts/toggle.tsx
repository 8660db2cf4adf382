import styles from "./toggle.module.css";

interface Props<Name extends string> {
  name: string;
  value: Name;
  options: Record<Name, string>;
  change: (value: Name) => void;
}

/** A choice of few: buttons in a row, one of them pressed. */
export function Toggle<Name extends string>({ name, value, options, change }: Props<Name>) {
  return (
    <fieldset className={styles.toggle} aria-label={name}>
      {(Object.entries(options) as [Name, string][]).map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => change(option)}>
          {text}
        </button>
      ))}
    </fieldset>
  );
}
