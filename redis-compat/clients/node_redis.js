// npm's redis@5 in RESP3: what a node application does with it.
'use strict';
const assert = require('node:assert');
const { createClient, RESP_TYPES } = require('redis');

let passed = 0;
let failed = 0;

function equal(got, expected, what) {
    try {
        assert.deepStrictEqual(got, expected);
        passed++;
    } catch (error) {
        failed++;
        console.log(`FAILED: ${what}: got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
    }
}

async function refused(promise, message, what) {
    try {
        equal(await promise, `an error: ${message}`, what);
    } catch (error) {
        equal(error.message, message, what);
    }
}

async function strings(client) {
    equal(await client.set('s', 'v'), 'OK', 'set');
    equal(await client.get('s'), 'v', 'get');
    equal(await client.get('absent'), null, 'get of nothing');
    equal(await client.set('s', 'w', { condition: 'NX' }), null, 'set nx of something');
    equal(await client.set('s', 'w', { condition: 'XX', GET: true }), 'v', 'set xx get');
    equal(await client.mSet({ m1: '1', m2: '2' }), 'OK', 'mSet');
    equal(await client.mGet(['m1', 'absent', 'm2']), ['1', null, '2'], 'mGet');
    equal(await client.mSetNX({ m1: '1', m9: '9' }), 0, 'mSetNX');
    equal(await client.append('m1', 'xyz'), 4, 'append');
    equal(await client.getRange('m1', 1, -1), 'xyz', 'getRange');
    equal(await client.getDel('m1'), '1xyz', 'getDel');
    equal(await client.incr('n'), 1, 'incr');
    equal(await client.incrBy('n', 41), 42, 'incrBy');
    equal(await client.incrByFloat('n', 0.5), '42.5', 'incrByFloat stays a string in RESP3');
    await refused(client.incr('n'), 'ERR value is not an integer or out of range', 'incr of a float');
    const bytes = Buffer.from([0, 255, 13, 10, 0]);
    const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    await raw.set('bytes', bytes);
    equal(await raw.get('bytes'), bytes, 'bytes');
    const big = Buffer.alloc(3 << 20, 'x');
    await raw.set('big', big);
    equal((await raw.get('big')).equals(big), true, '3 MiB');
}

async function expiry(client) {
    equal(await client.setEx('e', 100, 'v'), 'OK', 'setEx');
    const ttl = await client.ttl('e');
    equal(ttl >= 98 && ttl <= 100, true, 'ttl');
    equal(await client.expire('e', 10, 'GT'), 0, 'expire gt');
    equal(await client.getEx('e', { type: 'PERSIST' }), 'v', 'getEx persist');
    equal(await client.ttl('e'), -1, 'no expiry');
    equal(await client.pTTL('absent'), -2, 'no key');
    equal(await client.set('k', 'v', { expiration: { type: 'EX', value: 50 } }), 'OK', 'set ex');
    equal(await client.set('k', 'w', { expiration: 'KEEPTTL' }), 'OK', 'set keepttl');
    equal((await client.ttl('k')) > 40, true, 'kept');
    equal(await client.pExpire('k', -1), 1, 'pExpire in the past');
    equal(await client.exists('k'), 0, 'is gone');
}

async function keys(client) {
    await client.flushDb();
    const all = {};
    for (let i = 0; i < 3000; i++) {
        all[`key:${i}`] = String(i);
    }
    await client.mSet(all);
    equal(await client.dbSize(), 3000, 'dbSize');
    const found = new Set();
    for await (const some of client.scanIterator({ MATCH: 'key:*', COUNT: 100, TYPE: 'string' })) {
        some.forEach((key) => found.add(key));
    }
    equal(found.size, 3000, 'scanIterator');
    equal(await client.type('key:1'), 'string', 'type');
    equal(await client.del(['key:1', 'key:2', 'absent']), 2, 'del');
    equal(await client.exists(['key:3', 'key:3']), 2, 'exists');
}

async function pipelines(client) {
    const sets = [];
    for (let i = 0; i < 10000; i++) {
        sets.push(client.set(`p${i}`, String(i)));
    }
    equal(new Set(await Promise.all(sets)), new Set(['OK']), '10,000 sets at once');
    const gets = [];
    for (let i = 0; i < 10000; i++) {
        gets.push(client.get(`p${i}`));
    }
    equal((await Promise.all(gets)).every((v, i) => v === String(i)), true, '10,000 gets at once');
    equal(await client.multi().set('a', '1').incr('a').execAsPipeline(), ['OK', 2], 'execAsPipeline');
}

async function transactions(client) {
    equal(await client.multi().set('t', '1').incr('t').mGet(['t', 'absent']).exec(), ['OK', 2, ['2', null]], 'multi');
    const errors = await client.multi().set('t', 'x').incr('t').get('t').execTyped().catch((error) => error);
    equal(errors.replies[1].message, 'ERR value is not an integer or out of range', 'an error within');
    equal(errors.replies[2], 'x', 'and the rest ran');
    await client.watch('t');
    await client.sendCommand(['SET', 't', 'mine']);
    const name = await client.multi().get('t').exec().catch((error) => error.constructor.name);
    equal(name, 'WatchError', 'a watched key that has changed');
}

async function server(client) {
    equal(await client.ping(), 'PONG', 'ping');
    equal(await client.echo('x'), 'x', 'echo');
    equal((await client.info()).includes('redis_version:7.'), true, 'info');
    const hello = await client.hello(3);
    equal([hello.proto, hello.mode, hello.role, hello.modules], [3, 'standalone', 'master', []], 'hello');
    equal({ ...(await client.configGet('appendfsync')) }, { appendfsync: 'everysec' }, 'configGet is a map');
    equal(await client.clientGetName(), 'node', 'name');
    await refused(client.sendCommand(['NOSUCH', 'a']), "ERR unknown command 'NOSUCH', with args beginning with: 'a' ",
        'an unknown command');
}

function until(condition) {
    return new Promise((resolve) => {
        const end = Date.now() + 5000;
        const look = () => (condition() || Date.now() > end ? resolve() : setTimeout(look, 1));
        look();
    });
}

async function pubsub(client, options) {
    const listener = createClient(options);
    listener.on('error', (error) => console.log(`error event: ${error.message}`));
    await listener.connect();
    const got = [];
    await listener.subscribe('news', (message, channel) => got.push(['message', channel, message]));
    await listener.pSubscribe('n*s', (message, channel) => got.push(['pmessage', channel, message]));
    await listener.sSubscribe('shard', (message, channel) => got.push(['smessage', channel, message]));
    equal(await client.publish('news', 'hello'), 2, 'publish');
    equal(await client.sPublish('shard', 'there'), 1, 'sPublish');
    equal(await listener.set('while', 'subscribed'), 'OK', 'RESP3 lets a subscriber do everything');
    await until(() => got.length === 3);
    equal(got, [['message', 'news', 'hello'], ['pmessage', 'news', 'hello'], ['smessage', 'shard', 'there']], 'messages');
    equal(await client.pubSubChannels(), ['news'], 'pubSubChannels');
    equal({ ...(await client.pubSubNumSub(['news', 'none'])) }, { news: 1, none: 0 }, 'pubSubNumSub');
    equal(await client.pubSubNumPat(), 1, 'pubSubNumPat');
    await listener.unsubscribe('news');
    await listener.pUnsubscribe('n*s');
    await listener.sUnsubscribe('shard');
    equal(await client.publish('news', 'hello'), 0, 'nobody is left');
    await client.configSet('notify-keyspace-events', 'Ex');
    const expired = [];
    await listener.subscribe('__keyevent@0__:expired', (key) => expired.push(key));
    await client.set('short', 'v', { expiration: { type: 'PX', value: 20 } });
    await until(() => expired.length === 1);
    equal(expired, ['short'], 'expired');
    await client.configSet('notify-keyspace-events', '');
    listener.destroy();
}

async function caching(client, options) {
    const { BasicClientSideCache } = require('@redis/client');
    const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
    const cached = createClient({ ...options, clientSideCache: cache });
    cached.on('error', (error) => console.log(`error event: ${error.message}`));
    await cached.connect();
    await client.set('c', '1');
    equal([await cached.get('c'), await cached.get('c')], ['1', '1'], 'a cached get');
    equal(cache.stats().hitCount, 1, 'the second one asks nobody');
    await client.set('c', '2');
    await until(() => cache.size() === 0);
    equal(await cached.get('c'), '2', 'is told of the change');
    cached.destroy();
}

async function main() {
    const options = { socket: { port: Number(process.argv[2]), reconnectStrategy: false }, RESP: 3, name: 'node' };
    const client = createClient(options);
    client.on('error', (error) => console.log(`error event: ${error.message}`));
    await client.connect();
    await client.flushAll();
    for (const test of [strings, expiry, keys, pipelines, transactions, server, pubsub, caching]) {
        try {
            await test(client, options);
        } catch (error) {
            failed++;
            console.log(`FAILED: ${test.name}: ${error.stack}`);
        }
    }
    const other = createClient({ ...options, database: 3 });
    await other.connect();
    equal(await other.dbSize(), 0, 'another database');
    other.destroy();
    await client.quit();
}

main().catch((error) => {
    failed++;
    console.log(`FAILED: ${error.stack}`);
}).finally(() => {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
});
