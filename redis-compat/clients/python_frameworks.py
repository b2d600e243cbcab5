"""django-redis and Flask-Caching as Debian ships them: caches, sessions, decorators.  Called with a port.

What django-redis does by scripts (incr, lock) is left out: there are none yet."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402


def use_django(port):
    import django
    from django.conf import settings

    def cache(database, **options):
        return {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"redis://compat:secret@127.0.0.1:{port}/{database}",
                "KEY_PREFIX": "site", "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient", **options}}

    settings.configure(
        SECRET_KEY="only a test", INSTALLED_APPS=["django.contrib.sessions"],
        CACHES={"default": cache(1),
                "json": cache(2, SERIALIZER="django_redis.serializers.json.JSONSerializer",
                              COMPRESSOR="django_redis.compressors.zlib.ZlibCompressor")},
        SESSION_ENGINE="django.contrib.sessions.backends.cache", SESSION_CACHE_ALIAS="default")
    django.setup()


def django_cache(t):
    from django.core.cache import caches
    cache = caches["default"]
    cache.clear()
    t.equal(cache.set("k", {"a": [1, None, "grüße"]}, timeout=100), True, "set")
    t.equal(cache.get("k"), {"a": [1, None, "grüße"]}, "get")
    t.equal(cache.get("absent", "default"), "default", "get of nothing")
    t.equal(cache.add("k", 1), False, "add of something")
    t.equal(cache.add("new", 1, timeout=50), True, "add")
    t.equal(cache.set("k", 2, nx=True), False, "set nx")
    t.check(98 <= cache.ttl("k") <= 100, "ttl")
    t.check(cache.pttl("k") > 98000, "pttl")
    t.equal(cache.ttl("absent"), 0, "ttl of nothing")
    t.equal(cache.persist("k"), True, "persist")
    t.equal(cache.ttl("k"), None, "ttl of what has none")
    t.equal(cache.expire("k", timeout=10), True, "expire")
    t.equal(cache.touch("k", 500), True, "touch")
    t.check(cache.ttl("k") > 490, "touched")
    t.equal(cache.touch("absent", 5), False, "touch of nothing")
    cache.set_many({f"many:{i}": i for i in range(500)}, timeout=60)
    t.equal(cache.get_many([f"many:{i}" for i in range(0, 500, 100)] + ["absent"]),
            {f"many:{i}": i for i in range(0, 500, 100)}, "get_many")
    t.equal(len(cache.keys("many:*")), 500, "keys")
    t.equal(len(list(cache.iter_keys("many:1*"))), 111, "iter_keys")
    t.equal(cache.delete_many(["many:1", "many:2", "absent"]), 2, "delete_many")
    t.equal(cache.delete_pattern("many:1*"), 110, "delete_pattern")
    t.equal(cache.has_key("many:3"), True, "has_key")
    t.equal(cache.delete("many:3"), True, "delete")
    t.equal(cache.get_or_set("computed", lambda: 42, 10), 42, "get_or_set")
    t.equal(cache.get_or_set("computed", lambda: 43, 10), 42, "get_or_set of something")
    cache.set("versioned", "two", version=2)
    t.equal([cache.get("versioned"), cache.get("versioned", version=2)], [None, "two"], "versions")
    cache.set("over", 1, timeout=0)
    t.equal(cache.get("over"), None, "a timeout of 0")
    big = os.urandom(3 << 20)
    cache.set("big", big)
    t.check(cache.get("big") == big, "3 MiB")
    squeezed = caches["json"]
    squeezed.set("k", {"text": "x" * 10000})
    t.equal(squeezed.get("k"), {"text": "x" * 10000}, "JSON, compressed")
    cache.clear()
    t.equal(cache.get("k"), None, "clear")
    t.equal(squeezed.get("k"), {"text": "x" * 10000}, "of its own database only")


def django_raw_client(t):
    from django_redis import get_redis_connection
    r = get_redis_connection("default")
    t.equal(r.execute_command("ACL", "WHOAMI"), b"compat", "the user of the URL")
    with r.pipeline() as pipe:
        t.equal(pipe.set("raw", 1).incr("raw").execute(), [True, 2], "a transaction of the client below")


def django_sessions(t):
    from importlib import import_module
    from django.conf import settings
    store = import_module(settings.SESSION_ENGINE).SessionStore
    session = store()
    session["user"] = {"id": 7}
    session.set_expiry(1000)
    session.save()
    again = store(session_key=session.session_key)
    t.equal(again["user"], {"id": 7}, "a session is there")
    old = again.session_key
    again.cycle_key()
    t.equal(store(session_key=again.session_key)["user"], {"id": 7}, "with a new key")
    t.equal(store().exists(old), False, "the old one is not")
    again.flush()
    t.equal(store().exists(again.session_key or old), False, "flush")


def flask_caching(t, port):
    from flask import Flask
    from flask_caching import Cache
    app = Flask("compat")
    cache = Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_HOST": "127.0.0.1", "CACHE_REDIS_PORT": port,
                               "CACHE_REDIS_DB": 4, "CACHE_KEY_PREFIX": "flask:", "CACHE_DEFAULT_TIMEOUT": 100})
    counted = []

    @app.route("/page")
    @cache.cached(timeout=50, query_string=True)
    def page():
        counted.append("page")
        return f"page {len(counted)}"

    @cache.memoize(50)
    def square(n):
        counted.append(n)
        return n * n

    with app.app_context():
        cache.clear()
    web = app.test_client()
    t.equal([web.get("/page?a=1").text for _ in range(3)], ["page 1"] * 3, "a cached view runs once")
    t.equal(web.get("/page?a=2").text, "page 2", "once for each query")
    with app.app_context():
        t.equal([square(3), square(3), square(4)], [9, 9, 16], "a memoized function")
        t.equal(counted, ["page", "page", 3, 4], "ran twice")
        cache.delete_memoized(square)
        t.equal((square(3), counted[-1]), (9, 3), "and again, forgotten")
        t.equal(cache.set("k", {"a": 1}), True, "set")
        t.equal(cache.get("k"), {"a": 1}, "get")
        t.equal(cache.add("k", 2), False, "add of something")
        t.equal(cache.set_many({"m1": 1, "m2": 2}), ["m1", "m2"], "set_many")
        t.equal(cache.get_many("m1", "absent", "m2"), [1, None, 2], "get_many")
        t.equal(cache.delete_many("m1", "m2"), ["m1", "m2"], "delete_many")
        t.equal(cache.has("k"), True, "has")
        t.equal(cache.cache.inc("n", 5), 5, "inc")
        t.equal(cache.cache.dec("n", 2), 3, "dec")
        cache.set("short", 1, timeout=1)
        end = time.monotonic() + 5
        while cache.has("short") and time.monotonic() < end:
            pass
        t.equal(cache.get("short"), None, "expires")
        cache.clear()
        t.equal(cache.has("k"), False, "clear")


def main():
    port = int(sys.argv[1])
    t = servers.Tally()
    use_django(port)
    for test in (django_cache, django_raw_client, django_sessions):
        t.run(test)
    t.run(flask_caching, port)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
