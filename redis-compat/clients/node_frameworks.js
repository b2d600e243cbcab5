// What npm's web frameworks keep in Redis: sessions of express, cache-manager with Keyv, rate limiters.
'use strict';
const express = require('express');
const session = require('express-session');
const { RedisStore } = require('connect-redis');
const { createCache } = require('cache-manager');
const { Keyv } = require('keyv');
const { default: KeyvRedis } = require('@keyv/redis');
const { createClient } = require('redis');
const { Redis } = require('ioredis');
const { RateLimiterRedisNonAtomic } = require('rate-limiter-flexible');
const limiter = require('redis-rate-limiter');
const { equal, run, ACCOUNT } = require('./tally.js');

// A web server for the time of `use(url)`.
async function serve(app, use) {
    const server = await new Promise((resolve) => { const s = app.listen(0, '127.0.0.1', () => resolve(s)); });
    try {
        await use(`http://127.0.0.1:${server.address().port}`);
    } finally {
        server.closeAllConnections();
        server.close();
    }
}

async function sessions(client) {
    const store = new RedisStore({ client, prefix: 'sess:', ttl: 1000 });
    const app = express();
    app.use(session({ store, secret: 'only a test', resave: false, saveUninitialized: false }));
    app.get('/count', (request, response) => {
        request.session.n = (request.session.n || 0) + 1;
        response.send(String(request.session.n));
    });
    app.get('/leave', (request, response) => request.session.destroy(() => response.send('left')));
    await serve(app, async (url) => {
        let cookie;
        for (const expected of ['1', '2', '3']) {
            const response = await fetch(`${url}/count`, { headers: cookie ? { cookie } : {} });
            equal(await response.text(), expected, `request ${expected} of a session`);
            cookie = cookie || response.headers.get('set-cookie').split(';')[0];
        }
        equal(await (await fetch(`${url}/count`)).text(), '1', 'somebody else');
        equal((await store.ids()).length, 2, 'ids, by SCAN');
        equal(await store.length(), 2, 'length');
        equal((await store.all()).map((s) => s.n).sort(), [1, 3], 'all, by MGET');
        const [key] = await client.keys('sess:*');
        const ttl = await client.ttl(key);
        equal(ttl > 990 && ttl <= 1000, true, 'they expire');
        equal(await (await fetch(`${url}/leave`, { headers: { cookie } })).text(), 'left', 'destroy');
        equal(await store.length(), 1, 'one is left');
        await store.clear();
        equal(await store.length(), 0, 'clear');
    });
}

async function caches(client, port) {
    const { username, password } = ACCOUNT;
    const store = new KeyvRedis(`redis://${username}:${password}@127.0.0.1:${port}/6`);
    const cache = createCache({ stores: [new Keyv({ store, namespace: 'cache', useKeyPrefix: false })], ttl: 60000 });
    await cache.clear();
    equal(await cache.set('k', { a: [1, null] }), { a: [1, null] }, 'set');
    equal(await cache.get('k'), { a: [1, null] }, 'get');
    equal(await cache.get('absent'), undefined, 'get of nothing');
    await cache.mset([{ key: 'm1', value: 1 }, { key: 'm2', value: 'two', ttl: 5000 }]);
    equal(await cache.mget(['m1', 'absent', 'm2']), [1, undefined, 'two'], 'mget');
    let computed = 0;
    const wrapped = () => cache.wrap('wrapped', () => ++computed, 5000);
    equal([await wrapped(), await wrapped()], [1, 1], 'wrap runs once');
    const left = await cache.ttl('m2');
    equal(left > Date.now() && left <= Date.now() + 5000, true, 'ttl');
    await cache.set('short', 1, 20);
    const raw = createClient({ socket: { port }, database: 6 });
    await raw.connect();
    for (const end = Date.now() + 5000; (await raw.exists('cache::short')) && Date.now() < end;);
    equal(await cache.get('short'), undefined, 'expires');
    equal(await cache.del('k'), true, 'del');
    equal(await cache.mdel(['m1', 'm2']), true, 'mdel');
    equal(await raw.dbSize(), 1, 'what is left');
    const keyv = new Keyv({ store: new KeyvRedis(raw), namespace: 'n', useKeyPrefix: false });
    await keyv.set('a', 1);
    equal([await keyv.has('a'), await keyv.has('b')], [true, false], 'has');
    await keyv.setMany(Array.from({ length: 500 }, (_, i) => ({ key: `k${i}`, value: i })));
    const seen = new Set();
    for await (const [key] of keyv.iterator()) {
        seen.add(key);
    }
    equal(seen.size, 501, 'the iterator, by SCAN');
    await keyv.clear();
    equal(await keyv.has('a'), false, 'clear of one namespace');
    equal(await cache.get('wrapped'), 1, 'and not of another');
    await cache.clear();
    equal(await raw.dbSize(), 0, 'clear');
    await cache.disconnect();
    raw.destroy();
}

// Its scripts are in RateLimiterRedis; this one is MULTI, GET, PTTL, SET and PEXPIRE.
async function flexible(client, port) {
    const redis = new Redis(port);
    for (const [name, storeClient] of [['ioredis', redis], ['redis', client]]) {
        const limits = new RateLimiterRedisNonAtomic({
            storeClient, useRedisPackage: name === 'redis', keyPrefix: `rl:${name}`, points: 3, duration: 100 });
        const left = [];
        for (let i = 0; i < 3; i++) {
            left.push((await limits.consume('somebody')).remainingPoints);
        }
        equal(left, [2, 1, 0], `${name}: three are let through`);
        const refusal = await limits.consume('somebody').catch((r) => r);
        equal([refusal.consumedPoints, refusal.remainingPoints], [4, 0], `${name}: the fourth is not`);
        equal(refusal.msBeforeNext > 98000 && refusal.msBeforeNext <= 100000, true, `${name}: told when to come again`);
        equal((await limits.consume('another')).remainingPoints, 2, `${name}: another is`);
        equal((await limits.get('somebody')).consumedPoints, 4, `${name}: get`);
        await limits.block('another', 10);
        equal((await limits.get('another')).remainingPoints, 0, `${name}: block`);
        equal(await limits.delete('somebody'), true, `${name}: delete`);
        equal(await limits.get('somebody'), null, `${name}: is forgotten`);
    }
    redis.disconnect();
}

// MULTI with SETEX, RENAMENX, INCR and TTL.
async function windows(client, port) {
    const redis = new Redis(port);
    const limit = limiter.create({ redis, key: (x) => x.id, rate: '3/minute' });
    const ask = (id) => new Promise((resolve, reject) => {
        limit({ id }, (error, rate) => (error ? reject(error) : resolve([rate.current, rate.over])));
    });
    equal([await ask('a'), await ask('a'), await ask('a'), await ask('a'), await ask('b')],
        [[1, false], [2, false], [3, false], [4, true], [1, false]], 'redis-rate-limiter');
    equal((await redis.ttl('ratelimit:a')) > 50, true, 'a window of a minute');
    const app = express();
    app.use(limiter.middleware({ redis, key: () => 'web', rate: '2/minute' }));
    app.get('/', (request, response) => response.send('served'));
    await serve(app, async (url) => {
        const answers = [];
        for (let i = 0; i < 3; i++) {
            answers.push((await fetch(url)).status);
        }
        equal(answers, [200, 200, 429], 'as middleware of express');
    });
    redis.disconnect();
}

run(async (port, each) => {
    const client = createClient({ socket: { port, reconnectStrategy: false }, RESP: 3 });
    await client.connect();
    await client.flushAll();
    await each([sessions, caches, flexible, windows], client, port);
    await client.quit();
});
