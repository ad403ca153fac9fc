// SPDX-License-Identifier: Apache-2.0
//
// Choices that a seed repeats.

/** mulberry32: small, and good enough to choose with. */
export class Random {
    constructor(seed) {
        this.state = seed >>> 0;
    }

    next() {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = this.state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    }

    /** A whole number from 0 up to, and without, n. */
    below(n) {
        return Math.floor(this.next() * n);
    }

    between(low, high) {
        return low + this.below(high - low + 1);
    }

    chance(p) {
        return this.next() < p;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    /** Of [weight, thing] pairs. */
    weighted(pairs) {
        let at = this.next() * pairs.reduce((sum, [weight]) => sum + weight, 0);

        for (const [weight, thing] of pairs) {
            at -= weight;
            if (at < 0) return thing;
        }
        return pairs.at(-1)[1];
    }

    /** Some of them, in their order; at least min. */
    some(list, min = 0) {
        const chosen = list.filter(() => this.chance(0.5));

        return chosen.length >= min ? chosen : this.shuffle(list).slice(0, min);
    }

    shuffle(list) {
        const copy = [...list];

        for (let i = copy.length - 1; i > 0; i--) {
            const k = this.below(i + 1);
            [copy[i], copy[k]] = [copy[k], copy[i]];
        }
        return copy;
    }
}
