// Prints secrets by nodecredstash: MODULES NAME...
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
  const values = await Promise.all(names.map((name) => store.getSecret({ name })));
  process.stdout.write(`${values.join('\n')}\n`);
})();
