import { expect, test } from "vitest";
import { loginAddress, signedOutFrom } from "./session";

test("a refusal says how to sign in", () => {
  expect(signedOutFrom({ login: ["oidc", "token"], access: "kubernetes", audience: "darkroom" })).toEqual({
    ways: ["oidc", "token"],
    access: "kubernetes",
    audience: "darkroom",
  });
});

test("a refusal of something else, such as a proxy, has no way to sign in", () => {
  const nothing = { ways: [], access: null, audience: null };
  for (const document of [null, undefined, "text", {}, { login: "token", access: 1 }, { login: ["fax"] }])
    expect(signedOutFrom(document)).toEqual(nothing);
});

test("a login returns to the page with its query", () => {
  expect(loginAddress("/p/demo/digits/explore?label=a&b=c")).toBe(
    "/v1/session/login?return=%2Fp%2Fdemo%2Fdigits%2Fexplore%3Flabel%3Da%26b%3Dc",
  );
});
