import { Icon } from "../parts/icon";
import styles from "./why-not.module.css";

/** Why an action near it is disabled. Nothing if `missing` is null. */
export function WhyNot({ id, missing }: { id: string; missing: string | null }) {
  if (missing === null) return null;
  return (
    <p id={id} className={styles.note}>
      <Icon name="lock" size={16} />
      {missing}
    </p>
  );
}
