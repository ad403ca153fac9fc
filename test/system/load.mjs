// SPDX-License-Identifier: Apache-2.0
//
// A ledger: clients that write numbered rows one after the other and remember what was acknowledged.

import assert from 'node:assert/strict';
import http from 'node:http';

import { json, request, track, untrack } from './harness.mjs';

export const ledgerSql = `
CREATE TABLE entries (
    client integer NOT NULL,
    seq integer NOT NULL,
    note text,
    PRIMARY KEY (client, seq)
);
`;

export class Ledger {
    constructor(server, { clients = 16, from = 0 } = {}) {
        this.server = server;
        this.clients = clients;
        this.next = Array(clients).fill(from);
        this.acknowledged = new Set();
        this.refused = []; // answers that were no 201: { status, text, at }
        this.broken = []; // no answer at all: { code, at }
        this.stopping = false;
    }

    start() {
        this.agent = new http.Agent({ keepAlive: true, maxSockets: this.clients });
        this.stopping = false;
        track(this);
        this.work = Promise.all(this.next.map((_, client) => this.write(client)));
        return this;
    }

    async stop() {
        this.stopping = true;
        await this.work;
        this.agent.destroy();
        untrack(this);
    }

    end() {
        return this.stop();
    }

    async write(client) {
        while (!this.stopping) {
            const seq = this.next[client]++;
            try {
                const answer = await request(`${this.server.url}/rest/v1/entries`, {
                    ...json('POST', { client, seq, note: `n${seq}` }), agent: this.agent, timeout: 20_000,
                });
                if (answer.status === 201) this.acknowledged.add(`${client}/${seq}`);
                else this.refused.push({ status: answer.status, text: answer.text, at: Date.now() });
                // Told to go elsewhere: this server is on its way out.
                if (answer.headers.connection === 'close') return;
                if (answer.status !== 201) await new Promise((done) => setTimeout(done, 20));
            } catch (error) {
                this.broken.push({ code: error.code ?? error.message, at: Date.now() });
                await new Promise((done) => setTimeout(done, 20));
            }
        }
    }

    /** What the table holds now, through the API. The server needs a large database.max_rows. */
    async stored() {
        const answer = await this.server.request('/rest/v1/entries?select=client,seq&order=client,seq');
        assert.equal(answer.status, 200, answer.text.slice(0, 500));
        return answer.json().map(({ client, seq }) => `${client}/${seq}`);
    }

    /** Every acknowledged row is there, and no row is there that nobody sent. */
    async check() {
        const rows = await this.stored();
        const stored = new Set(rows);
        assert.equal(stored.size, rows.length, 'a row is there twice');
        const lost = [...this.acknowledged].filter((row) => !stored.has(row));
        assert.deepEqual(lost, [], `${lost.length} acknowledged rows are lost`);
        const foreign = rows.filter((row) => {
            const [client, seq] = row.split('/').map(Number);
            return !(seq < this.next[client]);
        });
        assert.deepEqual(foreign, [], 'rows that nobody sent');
        return { acknowledged: this.acknowledged.size, stored: stored.size };
    }
}

export const manyRows = { CAIRN_DATABASE_MAX_ROWS: '10000000' };
