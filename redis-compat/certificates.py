"""Certificates for servers and clients of tests, made by openssl."""
import subprocess

import servers


class Certificates:
    """A CA, and what it signed; another CA, and what that signed."""

    def __init__(self):
        self.place = servers.scratch("certificates")
        for ca in ("ca", "other-ca"):
            self.openssl("req", "-x509", *self.key(ca), "-days", "2", "-subj", f"/CN={ca}", "-out", self.cert(ca))
        for name, ca in (("server", "ca"), ("server2", "ca"), ("client", "ca"), ("stranger", "other-ca")):
            self.sign(name, ca)

    def cert(self, name):
        return f"{self.place}/{name}.pem"

    def key_file(self, name):
        return f"{self.place}/{name}.key"

    def key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.key_file(name)]

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def sign(self, name, ca):
        with open(f"{self.place}/names", "w", encoding="ascii") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.openssl("req", *self.key(name), "-subj", f"/CN={name}", "-out", f"{self.place}/csr")
        self.openssl("x509", "-req", "-in", f"{self.place}/csr", "-CA", self.cert(ca), "-CAkey", self.key_file(ca),
                     "-CAcreateserial", "-days", "2", "-extfile", f"{self.place}/names", "-out", self.cert(name))

    def options(self, name="server", auth="no"):
        return ["--tls-cert-file", self.cert(name), "--tls-key-file", self.key_file(name),
                "--tls-ca-cert-file", self.cert("ca"), "--tls-auth-clients", auth]
