/** An OpenID Connect provider for tests: everybody may sign in, and is in the groups of the name: alice+staff+ops.
 *
 * node provider.mjs FOLDER PORT KEYS REDIRECT-URI...
 *
 * FOLDER has the node_modules, and KEYS is a file with a JWKS of private keys.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, keys, ...redirectUris] = process.argv.slice(2);
const found = createRequire(`${folder}/`).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found).href);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "darkroom",
      client_secret: "secret of the client",
      redirect_uris: redirectUris,
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  jwks: JSON.parse(readFileSync(keys, "utf8")),
  conformIdTokenClaims: false, // groups are in the ID token, as with Dex and Keycloak
  claims: { openid: ["sub"], groups: ["groups"] },
  scopes: ["openid", "groups"],
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, groups: id.split("+").slice(1) }),
  }),
  cookies: { keys: ["of the tests"] },
});
provider.listen(Number(port), "127.0.0.1");
