import { Page } from "../../parts/page";

export default function Explore() {
  return <Page title="Explore" />;
}
