import { Page } from "../../parts/page";

export default function Submit() {
  return <Page title="Submit" />;
}
