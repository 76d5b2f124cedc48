"""`DDFS`: Disco's distributed file system, with blobs in replicas on nodes, and tags that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from disco_sim import func
from disco_sim.cluster.base import Cluster
from disco_sim.ddfs import files as sources
from disco_sim.ddfs import names
from disco_sim.ddfs.chunker import CHUNK_BYTES, MOST_RECORD_BYTES, Chunker
from disco_sim.ddfs.graph import Visit, visits, walked
from disco_sim.ddfs.names import TagAddress
from disco_sim.ddfs.placement import Placement
from disco_sim.ddfs.reading import Reading
from disco_sim.ddfs.showing import blobs_frame, ddfs_card
from disco_sim.ddfs.storing import Collected, Index, Storing, stamp_of
from disco_sim.error import CommError, DataError, DiscoError
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.work import Blob
from disco_sim.store.results import index_of
from disco_sim.store.tags import READ_TOKEN, WRITE_TOKEN, Entries, Tag, no_attribute
from disco_sim.tables import counted
from disco_sim.views.story import timestamp

if TYPE_CHECKING:
    import pandas

    from disco_sim.views.render import Card

Names = list[str]
Attributes = dict[str, str]


class DDFS:
    """The file system of one cluster, reached as `disco.ddfs`. What is done here takes no virtual time.

    Wherever a tag is asked for, its name will do, `tag://name`, `tag://token@host/name`, or a list that begins with
    one of these; anything else is an `InvalidTag`. A `token` that is given wins over one in the URL, and both over
    `read_token` and `write_token`. A file that is pushed has `blob_replicas` replicas unless the call says how many.
    `dialect` says what the lines of a text are, when it is chunked. `fetch` gives the stored data of a URL,
    `index` the (label, URL) of the data behind the `dir://` URL of a result.

    The out-of-band results of a job are there as the tag `job_oob(jobname)`, a blob for each key, the newest first;
    they stay with the job, so that tag cannot be changed.

    >>> import io
    >>> from disco_sim import Disco
    >>> with Disco(nodes=2) as disco:
    ...     urls, blobs = disco.ddfs.push("data:words", [(io.BytesIO(b"to be"), "first")], replicas=2)
    ...     disco.ddfs.blob_name(blobs[0][0]), len(blobs[0]), [file.read() for file in disco.ddfs.pull("data:words")]
    ('first', 2, [b'to be'])
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        blob_replicas: int = 1,
        read_token: str | None = None,
        write_token: str | None = None,
        dialect: Dialect = DOCUMENTED,
        fetch: Callable[[str], Blob] | None = None,
        index: Index | None = None,
    ) -> None:
        self.cluster = cluster
        self.dialect = dialect
        self._tags = cluster.tags
        self._blob_replicas = blob_replicas
        self._read_token = read_token
        self._write_token = write_token
        self._reader = func.map_line_reader if dialect.lines_are_text else None
        self._fetch = fetch or cluster.blobs.get
        self._placement = Placement(cluster)
        self._index = index or partial(index_of, cluster.jobs)
        self._storing = Storing(cluster, self._placement, self._index)
        self._reading = Reading(self._fetch, self._placement, dialect)

    # -- tags, asked -------------------------------------------------------------------------------

    def exists(self, tag: Any) -> bool:
        """Whether there is such a tag, also one that may not be read."""
        return TagAddress.parse(tag).name in self._tags

    def get(self, tag: Any, token: str | None = None) -> dict[str, Any]:
        """The tag as Disco's master tells it: a dict of version, id, last-modified, urls and user-data.

        Raises:
            CommError: 404 when there is no such tag, 401 for a wrong token.
        """
        found = self._read(tag, token)
        return {
            "version": 1,
            "id": f"{found.name}${stamp_of(found)}",
            "last-modified": timestamp(found.modified_s),
            "urls": [[*replicas] for replicas in found.entries],
            "user-data": dict(found.attributes),
        }

    def urls(self, tag: Any, token: str | None = None) -> Entries:
        """The entries of a tag, the newest first: a list of replica URLs each, or the URL of another tag alone.

        Raises:
            CommError: As for `get`.
        """
        address = self._address(tag, token, self._read_token)
        return self._entries(address)

    def findtags(self, tags: Any, ignore_missing: bool = True) -> Iterator[Visit]:
        """(tag, tags, blobs) of every tag that can be reached from `tags`, once, breadth first.

        Raises:
            CommError: 401 for a wrong token; 404 for a tag that is not there, unless `ignore_missing`.
        """
        wanted = [tags] if isinstance(tags, str) else tags
        return visits([TagAddress.parse(tag) for tag in wanted], self._entries, ignore_missing)

    def blobs(self, tag: Any, ignore_missing: bool = True, token: str | None = None) -> Iterator[Names]:
        """The replica lists of all data that a tag stands for, those of the tags in it too, each tag once.

        The `dir://` URL of a job's result stands for the data of it; one that is not there is given as it is.

        Raises:
            CommError: 401 for a wrong token; unless `ignore_missing`, 404 for a tag or a result that is not there.
        """
        start = self._address(tag, token)
        for visit in visits([start], self._entries, ignore_missing):
            for replicas in visit.blobs:
                yield from self._expanded(replicas, ignore_missing)

    def walk(
        self, tag: Any, ignore_missing: bool = True, tagpath: tuple[str, ...] = ()
    ) -> Iterator[tuple[tuple[str, ...], Sequence[str] | None, Sequence[Names] | None]]:
        """(path of tags down to this one, tags in it, blobs in it) for a tag and then for each tag in it, depth first.

        A tag in two tags is met twice, as a folder would be; one in itself is not gone into again. One that is not
        there has () twice, or without `ignore_missing` None twice, before its error is raised.

        Raises:
            CommError: As for `findtags`.
        """
        return walked(TagAddress.parse(tag), self._entries, ignore_missing, tagpath)

    # -- tags, changed -----------------------------------------------------------------------------

    def tag(
        self, tag: Any, urls: Iterable[Names], delayed: bool = False, update: bool = False, token: str | None = None
    ) -> Names:
        """Put `urls`, a list of replica URLs each, in front of a tag's entries; the URLs of the tag's own replicas.

        The tag is made if need be, and protected by `token` then. With `update` entries of a name that is there
        already are left out. Another tag is an entry as `["tag://name"]`. `delayed` changes nothing here: in Disco it
        gathers changes for up to a second, and whoever asks for the tag sees them all the same.

        Raises:
            CommError: 403 for an entry that is no list of URLs, 401 for a wrong token.
        """
        return self._change(tag, urls, token, "update" if update else "")

    def put(self, tag: Any, urls: Iterable[Names], token: str | None = None) -> Names:
        """Let `urls` be all entries of a tag; `tag` adds some. Raises what `tag` raises."""
        return self._change(tag, urls, token, "put")

    def delete(self, tag: Any, token: str | None = None) -> str:
        """Forget a tag, and answer "deleted", for one that is not there too; its blobs stay until `gc` is called.

        Raises:
            CommError: 401 for a wrong token.
        """
        address = self._address(tag, token, self._write_token)
        self._tags.delete(address.name, address.token)
        return "deleted"

    # -- attributes ----------------------------------------------------------------------------------

    def attrs(self, tag: Any, token: str | None = None) -> Attributes:
        """The attributes of a tag, its tokens not among them. Raises what `get` raises."""
        return dict(self._read(tag, token).attributes)

    def getattr(self, tag: Any, attr: str, token: str | None = None) -> str:
        """An attribute of a tag; `ddfs:read-token` and `ddfs:write-token` are told to those who may change it.

        Raises:
            CommError: 404 when there is no such tag or attribute, 401 for a wrong token.
        """
        if attr in (READ_TOKEN, WRITE_TOKEN):
            address = self._address(tag, token, self._write_token)
            found = self._tags.get(address.name, address.token, "write")
            value = found.read_token if attr == READ_TOKEN else found.write_token
        else:
            found = self._read(tag, token)
            value = found.attributes.get(attr)
        if value is None:
            raise no_attribute(found, attr)
        return value

    def setattr(self, tag: Any, attr: str, val: str, token: str | None = None) -> None:
        """Set an attribute of a tag: a text of up to 4096 bytes. `ddfs:read-token` and `ddfs:write-token` protect it.

        Raises:
            CommError: 404 and 401 as for `get`; 403 for what is no text or too long, and past 1000 attributes.
        """
        address = self._address(tag, token, self._write_token)
        self._tags.set_attribute(address.name, attr, val, address.token, self.cluster.now_s)

    def delattr(self, tag: Any, attr: str, token: str | None = None) -> None:
        """Forget an attribute of a tag. Raises what `getattr` raises."""
        address = self._address(tag, token, self._write_token)
        self._tags.delete_attribute(address.name, attr, address.token, self.cluster.now_s)

    # -- blobs ---------------------------------------------------------------------------------------

    def push(
        self,
        tag: Any,
        files: Iterable[Any],
        replicas: int | None = None,
        forceon: Sequence[str] = (),
        retries: int = 10,
        delayed: bool = False,
        update: bool = False,
        token: str | None = None,
    ) -> tuple[Names, Entries]:
        """Store files as blobs and tag them: (URLs of the tag's replicas, the list of replica URLs of each file).

        A file is a path, a (path, name) or a (file object, name). `forceon` are hosts that get a replica in any case;
        the others go where the fewest bytes are, never to a dead or blacklisted node. `retries` is there for old code.

        Raises:
            CommError: 403 when too few nodes take blobs, or for a name that cannot be; 401 for a wrong token.
            OSError: If a file cannot be read. Nothing is stored then, nor in the cases before.
        """
        if isinstance(files, (str, bytes)) or not hasattr(files, "__iter__"):
            raise DiscoError(f"push({tag!r}, {files!r}) was called; files are given as a list: [{files!r}]")
        contents = [sources.content_of(file) for file in files]
        return self._push(tag, contents, replicas, forceon, update, token)

    def chunk(
        self,
        tag: Any,
        urls: Iterable[Any],
        replicas: int | None = None,
        forceon: Sequence[str] = (),
        retries: int = 10,
        delayed: bool = False,
        update: bool = False,
        token: str | None = None,
        chunk_size: float = CHUNK_BYTES,
        max_record_size: float = MOST_RECORD_BYTES,
        reader: Callable[..., Any] | EllipsisType | None = ...,
        input_stream: Sequence[Callable[..., Any]] = func.default_stream,
        params: Any = None,
    ) -> tuple[Names, Entries]:
        """Read the records of `urls`, store them in chunks, and tag these; returns what `push` returns.

        An entry of `urls` is a URL or path, a list of replicas, a tag, or a result, such as those of `job.wait()`. What
        it stands for gives at least one chunk each, if it has records. Jobs read chunks by `map_reader=chain_reader`, a
        chunk a map task. `Chunker` says what the sizes mean. Without `reader` records are lines, with `reader=None`
        what iterating the opened input gives.

        Raises:
            ValueError: For a record that is larger than `max_record_size`. Nothing is stored then.
            DataError: If what is to be chunked cannot be read.
            CommError: As for `push`.
        """
        if isinstance(urls, (str, bytes)) or not hasattr(urls, "__iter__"):
            raise DiscoError(f"chunk({tag!r}, {urls!r}) was called; urls are given as a list: [{urls!r}]")
        chunker = Chunker(chunk_size, max_record_size)
        used = self._reader if isinstance(reader, EllipsisType) else reader
        chain = (input_stream,) if callable(input_stream) else tuple(input_stream)
        contents: list[tuple[str, bytes]] = []
        for one in self._to_read(urls):
            chunks = chunker.chunks(self._reading.records(one, chain, used, params))
            contents.extend((names.chunk_name(one[0], number), chunk) for number, chunk in enumerate(chunks))
        return self._push(tag, contents, replicas, forceon, update, token)

    def pull(
        self, tag: Any, blobfilter: Callable[[str], Any] = lambda name: True, token: str | None = None
    ) -> Iterator[sources.BlobFile]:
        """The blobs of a tag, and of the tags in it, as open binary files, of those whose name `blobfilter` likes.

        A file has the blob's `name` and `size`, and the `url` of the replica it comes from: the first that can be read
        and is on no dead node. What jobs stored comes in Disco's file format.

        Raises:
            CommError: As for `get`, for each tag.
            DataError: When no replica can be read.
        """
        for replicas in self.blobs(tag, ignore_missing=False, token=token):
            if blobfilter(names.blob_name(replicas[0])):
                yield self._reading.open(replicas)

    def save(self, jobname: str, paths: Iterable[str]) -> tuple[Names, Entries]:
        """Push files of a job to the tag `job_tag(jobname)`, each named by `job_blob`; returns what `push` returns."""
        return self.push(self.job_tag(jobname), [(path, self.job_blob(jobname, path)) for path in paths], delayed=True)

    def gc(self, older_than_s: float = 0.0) -> Collected:
        """Collect the garbage: drop all blobs that no tag points to and that were pushed so many virtual seconds ago.

        The data of jobs that were purged by old code go with it. What an active job reads stays. Disco does this once a
        day, and to blobs of five days; here it is asked for.
        """
        return self._storing.collect(older_than_s)

    # -- names -----------------------------------------------------------------------------------------

    safe_name = staticmethod(names.safe_name)
    blob_name = staticmethod(names.blob_name)
    job_oob = staticmethod(names.job_oob)
    job_tag = staticmethod(names.job_tag)
    job_blob = staticmethod(names.job_blob)
    tarblobs = staticmethod(sources.tarblobs)

    # -- what is shown -----------------------------------------------------------------------------------

    def frame(self) -> pandas.DataFrame:
        """A row per blob: tag blob name replicas hosts bytes. `blob` is the URL of its first replica, `bytes` those of
        one; a blob that no tag points to has the tag ''.
        """
        return blobs_frame(self._tags, self._fetch)

    def __repr__(self) -> str:
        n_tags, n_blobs = len(self._tags), len(self._tags.pushed)
        return f"DDFS({self.cluster.master}, {counted(n_tags, 'tag')}, {counted(n_blobs, 'blob')})"

    def _card(self) -> Card:
        return ddfs_card(self.cluster.master, self._tags, self._fetch)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        card = self._card()
        return {"text/plain": card.text(), "text/html": card.html()}

    # -- inside --------------------------------------------------------------------------------------------

    def _address(self, tag: Any, token: str | None, default: str | None = None) -> TagAddress:
        """Where a tag is, with the token that counts."""
        address = TagAddress.parse(tag)
        return address._replace(token=next((one for one in (token, address.token, default) if one is not None), None))

    def _read(self, tag: Any, token: str | None = None) -> Tag:
        address = self._address(tag, token, self._read_token)
        return self._tags.get(address.name, address.token)

    def _entries(self, address: TagAddress) -> Entries:
        return self._tags.urls(address.name, self._read_token if address.token is None else address.token)

    def _change(self, tag: Any, urls: Iterable[Any], token: str | None, mode: str) -> Names:
        if isinstance(urls, (str, bytes)) or not hasattr(urls, "__iter__"):
            raise CommError(
                f"Invalid url object: {urls!r} was given as the urls of a tag; they are a list of lists: [[{urls!r}]]",
                f"tag://{TagAddress.parse(tag).name}",
                403,
            )
        address = self._address(tag, token, self._write_token)
        changed = self._tags.tag(address.name, urls, address.token, self.cluster.now_s, mode)
        return [self._storing.tag_url(changed)]

    def _push(
        self,
        tag: Any,
        contents: Iterable[tuple[str, bytes]],
        replicas: int | None,
        forceon: Sequence[str],
        update: bool,
        token: str | None,
    ) -> tuple[Names, Entries]:
        """Store (name, bytes) as blobs and tag them; when anything is wrong, nothing is stored."""
        n_replicas = self._blob_replicas if replicas is None else replicas
        if type(n_replicas) is not int or n_replicas < 1:
            raise DiscoError(f"replicas={n_replicas!r} was given; it is a whole number of at least 1, or None")
        forced = [forceon] if isinstance(forceon, str) else list(forceon)
        address = self._address(tag, token, self._write_token)
        if address.name in self._tags:
            self._tags.get(address.name, address.token, "write")
        self._placement.hosts(n_replicas, forced)
        blobs = [self._storing.store(name, data, n_replicas, forced) for name, data in contents]
        return self._change(tag, blobs, token, "update" if update else ""), [[*urls] for urls in blobs]

    def _to_read(self, urls: Iterable[Any]) -> Iterator[Names]:
        """The replica lists of what is to be chunked."""
        for entry in urls:
            replicas = [entry] if isinstance(entry, str) else [str(url) for url in entry]
            if replicas and replicas[0].startswith("tag://"):
                yield from self.blobs(replicas[0], ignore_missing=False)
            elif replicas:
                yield from self._expanded(replicas)

    def _expanded(self, replicas: Names, ignore_missing: bool = False) -> Iterator[Names]:
        """What an entry of a tag stands for: itself, or the data of the first result that is there."""
        for number, url in enumerate(replicas, 1):
            if not url.startswith("dir://"):
                break
            try:
                found = self._index(url)
            except DataError:
                if number == len(replicas) and not ignore_missing:
                    raise
                continue
            yield from ([blob] for _, blob in found)
            return
        yield replicas

    # Last, because within the class its name stands for itself from here on.
    def list(self, prefix: str = "") -> Names:
        """The names of the tags that begin with `prefix`, sorted."""
        return self._tags.list(prefix)
