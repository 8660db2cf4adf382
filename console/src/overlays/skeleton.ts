/** Lines between keypoints, for those that are named as in COCO. */

import type { Keypoint } from "./answer";

const LIMBS: readonly (readonly [string, string])[] = [
  ["left_ankle", "left_knee"],
  ["left_knee", "left_hip"],
  ["right_ankle", "right_knee"],
  ["right_knee", "right_hip"],
  ["left_hip", "right_hip"],
  ["left_shoulder", "left_hip"],
  ["right_shoulder", "right_hip"],
  ["left_shoulder", "right_shoulder"],
  ["left_shoulder", "left_elbow"],
  ["left_elbow", "left_wrist"],
  ["right_shoulder", "right_elbow"],
  ["right_elbow", "right_wrist"],
  ["left_eye", "right_eye"],
  ["nose", "left_eye"],
  ["nose", "right_eye"],
  ["left_eye", "left_ear"],
  ["right_eye", "right_ear"],
];

/** The pairs of points that a line joins. */
export function limbs(points: readonly Keypoint[]): [Keypoint, Keypoint][] {
  const named = new Map(points.map((point) => [point.name?.replaceAll(" ", "_").toLowerCase(), point]));
  const found: [Keypoint, Keypoint][] = [];
  for (const [from, to] of LIMBS) {
    const [start, end] = [named.get(from), named.get(to)];
    if (start && end) found.push([start, end]);
  }
  return found;
}
