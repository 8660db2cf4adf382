import { use } from "react";
import { useLocation } from "wouter";
import { PipelineContext, usePipelines } from "../api/pipeline";
import styles from "./pipeline-picker.module.css";

/** Chooses the pipeline; the page stays the same screen. */
export function PipelinePicker() {
  const pipeline = use(PipelineContext);
  const pipelines = usePipelines().data ?? [];
  const [path, navigate] = useLocation();
  if (pipelines.length === 0 && !pipeline) return null;

  const now = pipeline ? `${pipeline.namespace}/${pipeline.name}` : "";
  const names = pipelines.map((one) => `${one.namespace}/${one.name}`);
  if (now && !names.includes(now)) names.push(now);
  const namespaces = new Set(names.map((name) => name.split("/")[0]));
  const screen = path.split("/")[4];

  function choose(name: string) {
    if (!name) navigate("/");
    else navigate(`/p/${name}/${screen && screen !== "images" ? screen : "live"}`);
  }

  return (
    <label className={styles.picker}>
      <span className="visually-hidden">Pipeline</span>
      <select value={now} onChange={(event) => choose(event.target.value)}>
        {!now && <option value="">Choose a pipeline</option>}
        {names.map((name) => (
          <option key={name} value={name}>
            {namespaces.size > 1 ? name : name.split("/")[1]}
          </option>
        ))}
      </select>
    </label>
  );
}
