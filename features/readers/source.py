"""Where the log lies and how its files are written: the part of the spec that needs no columns."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class SourceSpec(BaseModel):
    """The keys that say how to read a log's files, before any column has a meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)

    source: Annotated[
        str,
        Field(
            description="A file, a folder, a pattern such as 'logs/*.csv', or the address of a "
            "database, postgresql://user@host/name"
        ),
    ]
    table: Annotated[str | None, Field(description="Of a database, such as shop.orders")] = None
    format: Annotated[
        Literal["csv", "tsv", "parquet", "xlsx"] | None,
        Field(description="Default: what the file's name says"),
    ] = None
    encoding: Annotated[
        str | None, Field(description="Of text files; default utf-8. Such as latin-1 or utf-16")
    ] = None
    delimiter: Annotated[
        str | None,
        Field(description="One character, 'tab' or 'whitespace'; default: found in the header"),
    ] = None
    header: Annotated[
        bool, Field(description="false: no header line; columns are column_1, column_2, ...")
    ] = True
    skip_rows: Annotated[
        int | None, Field(ge=0, description="Lines, or rows of a sheet, above the header")
    ] = None
    trailing_delimiter: Annotated[
        Literal["ignore"] | None,
        Field(description="ignore: the rows end in a delimiter that the header has not"),
    ] = None
    sheet: Annotated[
        str | None,
        Field(
            description="Of a workbook, or a pattern such as 20*; default: all, which must be alike"
        ),
    ] = None

    @field_validator("delimiter")
    @classmethod
    def _known_delimiter(cls, value: str | None) -> str | None:
        if value is None or value in ("tab", "whitespace"):
            return value
        if len(value) != 1 or value.isalnum() or value in "\r\n\"'":
            raise ValueError(
                "is one character that is no letter, digit or quote, or 'tab', 'whitespace'"
            )
        return value

    @field_validator("sheet", mode="before")
    @classmethod
    def _name_of_a_year(cls, value: Any) -> Any:
        # YAML takes a sheet called 2023 for a number.
        number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if number else value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        import codecs

        if value is None:
            return None
        try:
            text = codecs.lookup(value)._is_text_encoding
        except LookupError:
            text = False
        if not text:
            raise ValueError("no such text encoding; try utf-8, utf-16, latin-1 or cp1252")
        return value
