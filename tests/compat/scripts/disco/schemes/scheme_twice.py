"""A scheme of a user's own: `twice://TEXT` is a line of the text, two times."""

import io


def input_stream(fd, size, url, params):
    line = url.split("://", 1)[1].encode() + b"\n"
    return io.BytesIO(2 * line), 2 * len(line), url
