// The cluster clients of npm's redis and ioredis.  COMPAT_MODULE says which of them, in which version.
'use strict';
const name = process.env.COMPAT_MODULE || 'redis';
const { equal, run } = require('./tally.js');
const { createCluster, Cluster } = require(name);

const KEYS = 500;
const keys = Array.from({ length: KEYS }, (_, i) => `k${i}`);
const numbers = keys.map((_, i) => String(i));

async function redisCluster(port) {
    const cluster = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }], defaults: { RESP: 3 } });
    cluster.on('error', (error) => console.log(`error event: ${error.message}`));
    await cluster.connect();
    await Promise.all(cluster.masters.map(async (m) => (await cluster.nodeClient(m)).flushAll()));
    equal(await Promise.all(keys.map((k, i) => cluster.set(k, String(i)))), keys.map(() => 'OK'), 'set over all slots');
    equal(await Promise.all(keys.map((k) => cluster.get(k))), numbers, 'get over all slots');
    equal(await cluster.mGet(['{t}a', '{t}b']), [null, null], 'mGet in one slot');
    equal(await cluster.multi().set('{t}a', '1').incr('{t}a').exec(), ['OK', 2], 'multi in one slot');
    equal(cluster.slots.filter(Boolean).length, 16384, 'every slot has a node');
    equal(cluster.masters.length >= 1, true, 'masters');
    const got = [];
    await cluster.subscribe('news', (message) => got.push(message));
    await cluster.publish('news', 'hello');
    await cluster.sSubscribe('shard', (message) => got.push(message));
    await cluster.sPublish('shard', 'there');
    for (const end = Date.now() + 5000; got.length < 2 && Date.now() < end;) {
        await cluster.get('k0');
    }
    equal(got, ['hello', 'there'], 'pub/sub, sharded too');
    cluster.destroy();
}

async function ioCluster(port) {
    const cluster = new Cluster([{ host: '127.0.0.1', port }], { scaleReads: 'all' });
    cluster.on('error', (error) => console.log(`error event: ${error.message}`));
    await new Promise((resolve) => cluster.on('ready', resolve));
    await Promise.all(cluster.nodes('master').map((node) => node.flushall()));
    equal(await Promise.all(keys.map((k, i) => cluster.set(k, i))), keys.map(() => 'OK'), 'set over all slots');
    equal(await Promise.all(keys.map((k) => cluster.get(k))), numbers, 'get over all slots, from replicas too');
    equal(await cluster.mget('{t}a', '{t}b'), [null, null], 'mget in one slot');
    equal(await cluster.multi().set('{t}a', '1').incr('{t}a').exec(), [[null, 'OK'], [null, 2]], 'multi in one slot');
    equal(await cluster.pipeline().set('{t}b', 'x').get('{t}b').exec(), [[null, 'OK'], [null, 'x']], 'a pipeline');
    equal(cluster.nodes('master').length >= 1, true, 'masters');
    const got = [];
    cluster.on('message', (channel, message) => got.push(message));
    await cluster.subscribe('news');
    for (const end = Date.now() + 5000; got.length === 0 && Date.now() < end;) {
        await cluster.publish('news', 'hello');
    }
    equal(got[0], 'hello', 'pub/sub');
    cluster.disconnect();
}

run(async (port) => (createCluster ? redisCluster(port) : ioCluster(port)));
