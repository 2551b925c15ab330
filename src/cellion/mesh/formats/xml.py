"""XML from others: no entities, nothing fetched."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring

from cellion.mesh.formats.document import fault

__all__ = ["parse"]


def parse(content: bytes) -> Element:
    """Return the root of a document.

    Args:
        content: The document; it may name a document type, which is not fetched.

    Raises:
        MeshError: It is no XML, or declares entities.
    """
    if b"<!ENTITY" in content:
        raise fault("it declares XML entities, which no mesh needs; remove them")
    try:
        return fromstring(content)
    except (ParseError, ValueError, LookupError) as error:
        raise fault(f"it is no complete XML: {error}") from error
