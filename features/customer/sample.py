"""A sample of customers that is the same at every cutoff, in every run and on every engine."""

import ibis
import ibis.expr.types as ir


@ibis.udf.scalar.builtin(name="md5", signature=(("string",), "string"))
def _md5(text: ir.StringValue) -> ir.StringValue:
    """Hexadecimal digits of the MD5 digest: all engines call this function so."""


def sample(rows: ir.Table, share: float) -> ir.Table:
    """Rows of about `share` of the customers; those of a smaller share are among them.

    A customer is drawn by a digest of the id, so that nobody is drawn by chance twice, and rows
    added to a log change nothing for those who were there. `share` is rounded to 1 / 16^8.
    """
    if share >= 1.0:
        return rows
    last = f"{int(share * 16**8):08x}"
    return rows.filter(_md5(rows.customer_id).substr(0, 8) < last)
