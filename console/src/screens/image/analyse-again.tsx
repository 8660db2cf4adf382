import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../../api/client";
import { usePipeline } from "../../api/pipeline";
import { asProblem } from "../../api/problems";
import { Button } from "../../parts/button";
import { Icon } from "../../parts/icon";
import { useMissing } from "../../session/rights";
import { WhyNot } from "../../session/why-not";
import { announce } from "../../shell/status-line";

const PATH = "/v1/pipelines/{namespace}/{name}/images/{image_id}/analyze";

const WHY = "why-not-again";

/** Publishes the image again, for all stages. */
export function AnalyseAgain({ id }: { id: string }) {
  const pipeline = usePipeline();
  const queries = useQueryClient();
  const again = useMutation({
    mutationFn: () => unwrap(api.POST(PATH, { params: { path: { ...pipeline, image_id: id } }, body: {} })),
    onSuccess: () => {
      announce("The image was published again. New results replace the old ones.");
      for (const wait of [1_000, 3_000]) {
        setTimeout(() => {
          void queries.invalidateQueries({ queryKey: ["image", pipeline, id] });
          void queries.invalidateQueries({ queryKey: ["trace", pipeline, id] });
        }, wait);
      }
    },
    onError: (error) => announce(asProblem(error).message),
  });
  const missing = useMissing("Submit");
  return (
    <>
      <WhyNot id={WHY} missing={missing} />
      <Button
        disabled={again.isPending || missing !== null}
        aria-describedby={missing === null ? undefined : WHY}
        onClick={() => again.mutate()}
      >
        <Icon name="again" size={16} />
        Analyse again
      </Button>
    </>
  );
}
