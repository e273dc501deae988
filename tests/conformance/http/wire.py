"""Protobuf without schemas: a message is a list of [NUMBER, VALUE]. A VALUE is an int (varint), a text, a list (a message
within) or {"hex": ...} (other bytes). Written so by hand in cases, and read back so from answers."""

MAGIC = b"k8s\0"


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def message(fields):
    out = b""
    for tag, value in fields:
        if isinstance(value, int):
            out += varint(tag << 3) + varint(value)
            continue
        if isinstance(value, list):
            value = message(value)
        elif isinstance(value, dict):
            value = bytes.fromhex(value["hex"])
        else:
            value = value.encode()
        out += varint(tag << 3 | 2) + varint(len(value)) + value
    return out


def sealed(said):
    """{"apiVersion", "kind", "message": fields or {"hex"}} in its envelope."""
    inner = said["message"]
    inner = bytes.fromhex(inner["hex"]) if isinstance(inner, dict) else message(inner)
    return MAGIC + message([[1, [[1, said.get("apiVersion", "")], [2, said.get("kind", "")]]], [2, {"hex": inner.hex()}],
                            [3, ""], [4, ""]])


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def fields(data):
    """The fields of a message; ValueError or IndexError when it is none."""
    out, at = [], 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key >> 3 == 0:
            raise ValueError("no field number")
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            if at + size > len(data):
                raise ValueError("cut")
            value, at = guess(data[at:at + size]), at + size
        else:
            raise ValueError("a wire type that Kubernetes does not use")
        out.append([key >> 3, value])
    return out


def guess(data):
    """Text where it is printable, a message where it is one, else bytes; and what has an envelope is opened."""
    if data.startswith(MAGIC):
        return fields(data[len(MAGIC):])
    try:
        text = data.decode()
        if all(c.isprintable() or c in "\n\t" for c in text) and not text.startswith("\n"):
            return text
    except UnicodeDecodeError:
        pass
    try:
        return fields(data)
    except (ValueError, IndexError):
        return {"hex": data.hex()}


def opened(body):
    if not body.startswith(MAGIC):
        return {"not an envelope": body.hex()}
    return fields(body[len(MAGIC):])


def frames(body):
    """The events of a watch: each after four bytes of length."""
    out, at = [], 0
    while at < len(body):
        size = int.from_bytes(body[at:at + 4], "big")
        out.append(fields(body[at + 4:at + 4 + size]))
        at += 4 + size
    return out
