// The other side of the round trips: sd-jwt-js, asked over stdin and stdout, a
// JSON object a line: {"op", …} in, {"result"} or {"refused"} out. Nothing here
// decides about a case; it only calls the library the way its documentation says.
import { createInterface } from 'node:readline';
import { ES256, digest, generateSalt } from '@sd-jwt/crypto-nodejs';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';

// Salts of 128 bits: the library counts characters of hex.
const base = { hasher: digest, hashAlg: 'sha-256', saltGenerator: () => generateSalt(32), signAlg: 'ES256', kbSignAlg: 'ES256' };

const ops = {
  // An SD-JWT VC of payload; frame says what is selectively disclosable.
  async issue({ payload, frame, key, kid }) {
    const sdjwt = new SDJwtVcInstance({ ...base, signer: await ES256.getSigner(key) });
    return sdjwt.issue(payload, frame, { header: { kid } });
  },
  // A presentation of the claims in frame, with a key binding where kb is given.
  async present({ token, frame, key, kb }) {
    const sdjwt = new SDJwtVcInstance({ ...base, kbSigner: key && (await ES256.getSigner(key)) });
    return sdjwt.present(token, frame, kb && { kb: { payload: kb } });
  },
  // The claims of a token that passes every check. With a nonce there must be a
  // key binding; its audience is for the caller to compare, and so are the
  // issuer's key and the algorithm.
  async verify({ token, key, now, nonce, audience }) {
    const sdjwt = new SDJwtVcInstance({
      ...base,
      verifier: await ES256.getVerifier(key),
      kbVerifier: async (data, signature, payload) => (await ES256.getVerifier(payload.cnf.jwk))(data, signature),
    });
    const { payload, header, kb } = await sdjwt.verify(token, { currentDate: now, keyBindingNonce: nonce });
    if (header.alg !== 'ES256') throw new Error('another algorithm');
    if (nonce && kb?.payload.aud !== audience) throw new Error('another audience');
    return payload;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { op, ...args } = JSON.parse(line);
    answer = { result: await ops[op](args) };
  } catch (e) {
    answer = { refused: String(e.message ?? e) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
