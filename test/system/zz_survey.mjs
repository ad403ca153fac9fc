import { startBoth, endAll } from './harness.mjs';
import { Random } from './property/random.mjs';
import { Requests, targetOf } from './property/requests.mjs';
import { makeSchema, schemaSql } from './property/schema.mjs';
import { answerOf as answer, Identities, isSame } from './property/answers.mjs';
const from = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 10);
const seen = new Map(); let total = 0, ok = 0, st = {};
for (let seed = from; seed < from + n; seed++) {
  const random = new Random(seed), schema = makeSchema(random), reqs = new Requests(random, schema);
  const list = Array.from({ length: 150 }, () => reqs.make());
  let both;
  try { both = await startBoth({ migrations: { '0001_s.sql': schemaSql(schema) } }); } catch (e) { console.log(seed, 'START', e.message.slice(0, 400)); await endAll(); continue; }
  const ids = new Identities(schema);
  for (const r of list) { if (!ids.takes(r)) continue;
    const [a, b] = await Promise.all([answer(both.sqlite, r), answer(both.postgres, r)]);
    total++; ids.note(r, b); st[b.status] = (st[b.status] ?? 0) + 1;
    if (isSame(r, a, b)) { ok++; continue; }
    const key = (a.status + ' ' + b.status + ' ' + (a.status >= 400 ? (a.body.match(/"message":"[^"]{0,25}/)?.[0] ?? '') : '') + '|' + (b.status >= 400 ? (b.body.match(/"message":"[^"]{0,25}/)?.[0] ?? '') : ''));
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (seen.get(key) <= Number(process.argv[4] ?? 2)) console.log(`--- seed ${seed} ${r.method} ${decodeURIComponent(targetOf(r))}\n  ${JSON.stringify(r.headers)} ${JSON.stringify(r.body) ?? ''}\n  S ${a.status} ${JSON.stringify(Object.fromEntries(Object.entries(a.headers).filter(([k, v]) => v !== b.headers[k])))} ${a.body.slice(0, 500)}\n  P ${b.status} ${JSON.stringify(Object.fromEntries(Object.entries(b.headers).filter(([k, v]) => v !== a.headers[k])))} ${b.body.slice(0, 500)}`);
    if (r.method !== 'GET' && r.method !== 'HEAD') break;
  }
  await Promise.all([both.sqlite.kill(), both.postgres.kill()]);
}
console.log(total, ok, st); for (const [k, v] of [...seen].sort((x, y) => y[1] - x[1])) console.log(v, k);
process.exit(0);
