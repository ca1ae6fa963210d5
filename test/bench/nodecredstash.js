// Prints secrets by nodecredstash: MODULES NAME... (no names: all of the table)
'use strict';

const path = require('path');

const [modules, ...names] = process.argv.slice(2);
const { AWS_REGION: region, AWS_ENDPOINT_URL_DYNAMODB: tables, AWS_ENDPOINT_URL_KMS: keys } = process.env;
const store = require(path.join(modules, 'nodecredstash'))({
  table: 'credential-store',
  awsOpts: { region },
  dynamoOpts: { endpoint: tables },
  kmsOpts: { endpoint: keys },
});

(async () => {
  const values = names.length
    ? await Promise.all(names.map((name) => store.getSecret({ name })))
    : Object.values(await store.getAllSecrets({}));
  process.stdout.write(`${values.join('\n')}\n`);
})();
