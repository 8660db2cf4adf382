import { type CSSProperties, type ReactNode, useId } from "react";
import styles from "./table.module.css";

interface Props {
  caption: string;
  /** The heads of the columns; those of numbers begin with #. */
  columns: readonly string[];
  /** Its rows. */
  children: ReactNode;
}

/** A table with a heading; where it is wider than the page it scrolls by itself. */
export function Table({ caption, columns, children }: Props) {
  const id = useId();
  return (
    <div className={styles.section}>
      <h2 id={id}>{caption}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by keyboard */}
      <section className={styles.scroller} aria-labelledby={id} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col" data-number={column.startsWith("#")}>
                  {column.replace("#", "")}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </section>
    </div>
  );
}

/** A cell with a number; `share`, from 0 to 1, is drawn as a bar behind it. */
export function NumberCell({ share, children }: { share?: number; children: ReactNode }) {
  const style = share === undefined ? undefined : ({ "--share": `${share * 100}%` } as CSSProperties);
  return (
    <td data-number="true" style={style}>
      {children}
    </td>
  );
}
