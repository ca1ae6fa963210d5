// Puts and gets secrets by nodecredstash or aws-credstash, as driver.py does.
'use strict';

const path = require('path');
const readline = require('readline');

const modules = process.argv[3];
const awsOpts = { region: process.env.AWS_REGION, endpoint: process.env.AWS_ENDPOINT_URL };
const store = require(path.join(modules, process.argv[2]))({ table: 'credential-store', awsOpts });

async function perform(request) {
  const { name, context } = request;
  if (request.op === 'get') {
    const value = await store.getSecret({ name, context });
    return { value: Buffer.from(value, 'utf8').toString('base64') };
  }
  const bytes = Buffer.from(request.value, 'base64');
  const secret = bytes.toString('utf8'); // both take strings alone
  if (!Buffer.from(secret, 'utf8').equals(bytes)) {
    throw new Error('not UTF-8');
  }
  await store.putSecret({ name, secret, context, version: 1, digest: request.form });
  return {};
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answer = await perform(JSON.parse(line)).catch((e) => ({ error: String(e).slice(0, 200) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
})();
