import { Page } from "../../parts/page";

export default function DeadLetters() {
  return <Page title="Dead letters" />;
}
