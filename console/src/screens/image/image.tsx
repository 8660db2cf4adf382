import { Page } from "../../parts/page";

export default function Image() {
  return <Page title="Image" />;
}
