#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fake-bus.py SOCKET: a system bus, with a logind that knows inhibitors, and a systemd that says it has restarted a unit.

Each Inhibit() is a line "WHAT|WHO|WHY|MODE" on standard output. What is asked for otherwise is an error.
"""
import array
import os
import socket
import struct
import sys


def pad(data, to):
    return data + b"\0" * (-len(data) % to)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def field(code, kind, value):
    return bytes([code, 1]) + kind.encode() + b"\0" + value


def strings(body, n):
    at = 0
    for _ in range(n):
        at += -at % 4
        length = struct.unpack_from("<I", body, at)[0]
        yield body[at + 4:at + 4 + length].decode()
        at += 4 + length + 1


def member(fields):
    """The method's name among the fields of a header, which are a(yv)."""
    at = 0
    while at < len(fields):
        at += -at % 8
        code, kind = fields[at], chr(fields[at + 2])
        at += 4
        if kind == "g":
            length, head = fields[at], 1
        else:
            at += -at % 4
            length, head = (struct.unpack_from("<I", fields, at)[0], 4) if kind in "os" else (3, 0)
        value = fields[at + head:at + head + length]
        at += head + length + 1
        if code == 3:  # MEMBER
            return value.decode()
    return ""


def message(kind, items, body):
    fields = b""
    for item in items:
        fields = pad(fields, 8) + item
    return pad(struct.pack("<cBBBIII", b"l", kind, 1, 1, len(body), 1, len(fields)) + fields, 8) + body


def answer(serial, extra=(), body=b"", kind=2):
    return message(kind, [field(5, "u", struct.pack("<I", serial)), *extra], body)


def removed(unit):
    """The signal JobRemoved."""
    systemd = "org.freedesktop.systemd1"
    items = [field(1, "o", text("/" + systemd.replace(".", "/"))), field(2, "s", text(systemd + ".Manager")),
             field(3, "s", text("JobRemoved")), field(7, "s", text(systemd)), field(8, "g", b"\4uoss\0")]
    body = struct.pack("<I", 1)
    for word in ("/job", unit, "done"):
        body = pad(body, 4) + text(word)
    return message(4, items, body)


def talk(link):
    lines = b""
    while b"BEGIN\r\n" not in lines:
        lines += link.recv(1)
        if lines.endswith(b"\r\n"):
            word = lines.split(b"\r\n")[-2].lstrip(b"\0")
            if word.startswith(b"AUTH EXTERNAL") and len(word) < 15:
                link.sendall(b"DATA\r\n")
            elif word.startswith((b"AUTH", b"DATA")):
                link.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
            elif word == b"NEGOTIATE_UNIX_FD":
                link.sendall(b"AGREE_UNIX_FD\r\n")
    while True:
        head = link.recv(16, socket.MSG_WAITALL)
        if len(head) < 16:
            return
        length, serial, size = struct.unpack_from("<III", head, 4)
        rest = link.recv(size + -size % 8 + length, socket.MSG_WAITALL)
        method, body = member(rest[:size]), rest[size + -size % 8:]
        if method == "Hello":
            link.sendall(answer(serial, [field(8, "g", b"\1s\0")], text(":1.1")))
        elif method == "Inhibit":
            print("|".join(strings(body, 4)), flush=True)
            reader, writer = os.pipe()
            reply = answer(serial, [field(8, "g", b"\1h\0"), field(9, "u", struct.pack("<I", 1))], struct.pack("<I", 0))
            link.sendmsg([reply], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [writer]))])
            os.close(reader)
            os.close(writer)
        elif method == "AddMatch":
            link.sendall(answer(serial))
        elif method == "RestartUnit":
            link.sendall(answer(serial, [field(8, "g", b"\1o\0")], text("/job")) + removed(next(strings(body, 1))))
        elif not head[2] & 1:  # NO_REPLY_EXPECTED
            link.sendall(answer(serial, [field(4, "s", text("test.Unknown"))], kind=3))


server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
while True:
    connection = server.accept()[0]
    try:
        talk(connection)
    except OSError:
        pass
    connection.close()
