"""python3-redis over TLS: called with a port, the CA and another CA; prints what happened."""
import sys

import redis

port, ca, other_ca = int(sys.argv[1]), sys.argv[2], sys.argv[3]
client = redis.Redis(port=port, ssl=True, ssl_ca_certs=ca)
pipe = client.pipeline(transaction=False)
for i in range(1000):
    pipe.set(f"k{i}", f"v{i}")
for i in range(1000):
    pipe.get(f"k{i}")
print("pipeline", pipe.execute()[1000:] == [b"v%d" % i for i in range(1000)])
print("address", client.client_list()[0]["addr"].split(":")[0])
try:
    redis.Redis(port=port, ssl=True, ssl_ca_certs=other_ca).ping()
    print("another CA is taken")
except redis.ConnectionError as error:
    print("another CA", "certificate verify failed" in str(error))
