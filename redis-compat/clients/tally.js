// What the programs of npm's clients share: checks that count, and the order they run in.
'use strict';
const assert = require('node:assert');

let passed = 0;
let failed = 0;

function fail(what) {
    failed++;
    console.log(`FAILED: ${what}`);
}

function equal(got, expected, what) {
    try {
        assert.deepStrictEqual(got, expected);
        passed++;
    } catch {
        fail(`${what}: got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
    }
}

// The promise fails with an error of this message.
async function refused(promise, message, what) {
    try {
        equal(await promise, `an error: ${message}`, what);
    } catch (error) {
        equal(error.message, message, what);
    }
}

// Waits until a condition is true, five seconds at most.
function until(condition) {
    return new Promise((resolve) => {
        const end = Date.now() + 5000;
        const look = () => (condition() || Date.now() > end ? resolve() : setTimeout(look, 1));
        look();
    });
}

// Runs main(port, each), prints the sum and ends; each(tests, ...arguments) goes on after a failure.
async function run(main) {
    const each = async (tests, ...given) => {
        for (const test of tests) {
            try {
                await test(...given);
            } catch (error) {
                fail(`${test.name}: ${error.stack}`);
            }
        }
    };
    try {
        await main(Number(process.argv[2]), each);
    } catch (error) {
        fail(error.stack);
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed || !passed ? 1 : 0);
}

// Where a server with the certificate of COMPAT_CA listens, for those who asked for TLS.
function tls() {
    const { COMPAT_TLS_PORT: port, COMPAT_CA: ca } = process.env;
    return port ? { port: Number(port), ca: require('node:fs').readFileSync(ca) } : null;
}

const ACCOUNT = { username: 'compat', password: 'secret' };

module.exports = { equal, fail, refused, until, run, tls, ACCOUNT };
