// node .ci/asyncapi.js TOOLS FILE: exit status 1 where FILE is no valid AsyncAPI document, by the parser in TOOLS.
const fs = require('fs');
const path = require('path');
const [tools, file] = process.argv.slice(2);
const {Parser} = require(path.join(tools, 'node_modules/@asyncapi/parser'));

new Parser().parse(fs.readFileSync(file, 'utf8')).then(({document, diagnostics}) => {
  const wrong = diagnostics.filter((one) => one.severity < 2); // 0 error, 1 warning; 2 and 3 are advice
  for (const one of wrong) console.log(`${file}: ${one.path.join('.')}: ${one.message}`);
  if (!document || wrong.length) process.exit(1);
  console.log(`${file}: ${document.allChannels().length} channels, ${document.allOperations().length} operations`);
});
