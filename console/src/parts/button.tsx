import type { ButtonHTMLAttributes } from "react";
import styles from "./button.module.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** One primary button a screen. `quiet` has no frame. */
  look?: "primary" | "plain" | "quiet" | "danger";
  small?: boolean;
}

export function Button({ look = "plain", small = false, type = "button", className, ...rest }: Props) {
  const names = [styles.button, styles[look], small ? styles.small : "", className ?? ""];
  return <button type={type} className={names.filter(Boolean).join(" ")} {...rest} />;
}
