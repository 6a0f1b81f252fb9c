"""Orders of a shop that never was, written in the layouts of known exports, and their truth."""

import csv
import io
from datetime import date, timedelta
from random import Random

FIRST = date(2022, 1, 3)


class Layout:
    """Collects the rows of one export, and of those that count: customer, day and net money."""

    def __init__(self, header, mark=",", encoding="utf-8"):
        self.header, self.mark, self.encoding = header.split("|"), mark, encoding
        self.rows, self.truth, self.used = [], [], 0

    def row(self, cells, *net, used=True):
        """One row; `net`: customer, day and money, left out when the row brings none."""
        self.rows.append(cells)
        self.used += used
        if net:
            self.truth.append(net)

    def text(self):
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.mark, lineterminator="\n")
        writer.writerows([self.header, *self.rows])
        return out.getvalue()


def orders(n=60, seed=5):
    """(number, customer, day, cents, what became of it), in time order."""
    rng, found = Random(seed), []
    for customer in range(n):
        day = rng.randrange(120)
        while day < 500:
            what = rng.choices(["paid", "failed", "refunded", "partly"], [80, 10, 5, 5])[0]
            found.append((customer, day, rng.randrange(500, 250_000), what))
            day += rng.randrange(5, 60)
    found.sort(key=lambda order: order[1])
    return [(1000 + i, c, FIRST + timedelta(days=d), m, w) for i, (c, d, m, w) in enumerate(found)]


def mail(customer):
    return f"c{customer}@example.org"


def money(cents, form="{:.2f}"):
    return form.format(cents / 100)


def returned(cents, what):
    return {"refunded": cents, "partly": cents // 4}.get(what, 0)


def shopify():
    out = Layout(
        "Name|Email|Financial Status|Paid at|Fulfillment Status|Currency|Subtotal|Shipping|Taxes|"
        "Total|Created at|Lineitem quantity|Lineitem name|Lineitem price|Cancelled at|"
        "Refunded Amount|Id"
    )
    states = {"paid": "paid", "failed": "voided", "refunded": "refunded"}
    for no, who, day, cents, what in orders():
        net, counts = cents - returned(cents, what), what != "failed"
        at = f"{day} 09:50:26 +0000"
        cells = [f"#{no}", mail(who), states.get(what, "partially_refunded"), at, "fulfilled"]
        cells += ["USD", money(cents), "0.00", "0.00", money(cents), at, 1, "hat", money(cents)]
        cells += ["", money(returned(cents, what)), f"'{no}77"]
        out.row(cells, *((mail(who), day, net) if counts else ()), used=counts)
        if no % 3 == 0:  # a further line: blank but for name, mail and article
            blank = [f"#{no}", mail(who), *[""] * 9, 2, "bag", "1.00", "", "", ""]
            out.row(blank, used=counts)
    return out


def woocommerce():
    out = Layout("order_id|order_number|order_date|paid_date|status|customer_email|order_total")
    states = {"paid": "completed", "failed": "failed", "refunded": "refunded", "partly": "on-hold"}
    for no, who, day, cents, what in orders():
        paid = what == "paid"
        cells = [no, no, f"{day} 10:00:00", "", states[what], mail(who).upper(), money(cents)]
        out.row(cells, *((mail(who), day, cents) if paid else ()), used=paid)
    return out


def stripe():
    out = Layout(
        "id|Description|Created date (UTC)|Amount|Amount Refunded|Currency|Status|Customer ID"
    )
    for no, who, day, cents, what in orders():
        state = {"failed": "Failed", "refunded": "Refunded"}.get(what, "Paid")
        cells = [f"ch_{no}", "", f"{day} 23:50:00", money(cents), money(returned(cents, what))]
        cells += ["usd", state, f"cus_{who}"]
        net = (f"cus_{who}", day, cents - returned(cents, what)) if what != "failed" else ()
        out.row(cells, *net, used=what != "failed")
    return out


def square():
    out = Layout(
        "Date|Time|Time Zone|Category|Item|Qty|Price Point Name|SKU|Modifiers Applied|Gross Sales|"
        "Discounts|Net Sales|Tax|Transaction ID|Payment ID|Event Type|Customer ID"
    )

    def cells(no, who, day, cents, event):
        sign = "-" if cents < 0 else ""
        worth = f"{sign}${abs(cents) / 100:,.2f}"
        customer = f"CUST{who}" if who else ""
        head = [day, "10:00:00", "Eastern Time", "tea", "tea", -1 if sign else 1, "", "", ""]
        return [*head, worth, "$0.00", worth, "$0.00", f"T{no}", f"P{no}", event, customer]

    for no, who, day, cents, what in orders():
        if what == "failed":
            continue
        back = returned(cents, what)
        net = (f"CUST{who}", day, cents) if who else ()
        out.row(cells(no, who, day, cents, "Payment"), *net, used=bool(who))
        if back:
            net = (f"CUST{who}", day + timedelta(days=1), -back) if who else ()
            later = day + timedelta(days=1)
            out.row(cells(no, who, later, -back, "Refund"), *net, used=bool(who))
    return out


def paypal():
    out = Layout(
        "Date|Time|TimeZone|Name|Type|Status|Currency|Gross|Fee|Net|From Email Address|"
        "To Email Address|Transaction ID"
    )
    shop = "shop@example.org"

    def cells(no, day, cents, kind, state, sender, receiver):
        worth = money(cents, "{:,.2f}")
        when = [f"{day:%m/%d/%Y}", "10:00:00", "PST"]
        return [*when, "", kind, state, "USD", worth, "-0.30", worth, sender, receiver, no]

    for no, who, day, cents, what in orders():
        sale = what != "failed"
        state = "Completed" if sale else "Denied"
        row = cells(f"T{no}", day, cents, "Express Checkout Payment", state, mail(who), shop)
        out.row(row, *((mail(who), day, cents) if sale else ()), used=sale)
        if back := returned(cents, what):
            row = cells(f"R{no}", day, -back, "Payment Refund", "Completed", shop, mail(who))
            out.row(row, mail(who), day, -back)
        if no % 40 == 0:
            row = cells(f"W{no}", day, -999, "General Withdrawal", "Completed", shop, "")
            out.row(row, used=False)
    return out


def amazon():
    out = Layout(
        "amazon-order-id|merchant-order-id|purchase-date|order-status|sku|quantity|currency|"
        "item-price|item-tax|buyer-email",
        mark="\t",
    )
    for no, who, day, cents, what in orders():
        sale = what != "failed"
        at = f"{day}T08:15:00+00:00"
        cells = [f"902-{no}", "", at, "Shipped" if sale else "Cancelled", "A", 2, "EUR"]
        cells += [money(cents) if sale else "", "0.00", mail(who)]
        out.row(cells, *((mail(who), day, cents) if sale else ()), used=sale)
        if sale and no % 3 == 0:  # a further line of the order: its own money, the rest blank
            line = [f"902-{no}", "", "", "", "B", 1, "", "5.00", "", ""]
            out.row(line, mail(who), day, 500)
    return out


def etsy():
    out = Layout(
        "Sale Date|Order ID|Buyer User ID|Full Name|Number of Items|Date Posted|Currency|"
        "Order Value|Discount Amount|Order Total|Status"
    )
    for no, who, day, cents, what in orders():
        if what == "failed":
            continue
        cells = [f"{day:%m/%d/%y}", no, f"buyer{who}", "A B", 1, "", "USD", money(cents), "0.00"]
        out.row([*cells, money(cents), "Shipped"], f"buyer{who}", day, cents)
    return out


def magento():
    out = Layout(
        "ID|Purchase Point|Purchase Date|Bill-to Name|Grand Total (Base)|Grand Total (Purchased)|"
        "Status|Customer Email"
    )
    states = {"paid": "Complete", "failed": "Canceled", "refunded": "Closed", "partly": "Pending"}
    for no, who, day, cents, what in orders():
        paid, worth = what == "paid", money(cents, "${:,.2f}")
        at = f"{day:%b} {day.day}, {day.year}, 10:02:11 AM"
        cells = [f"00000{no}", "Main", at, "A B", worth, worth, states[what], mail(who)]
        out.row(cells, *((mail(who), day, cents) if paid else ()), used=paid)
    return out


def odoo():
    out = Layout(
        "Order Reference|Customer|Order Date|Status|Order Lines/Product|Order Lines/Quantity|"
        "Order Lines/Subtotal"
    )
    for no, who, day, cents, what in orders():
        sale = what != "failed"
        state = "Sales Order" if sale else "Cancelled"
        cells = [f"S{no}", f"Azure {who}", f"{day} 10:00:00", state, "desk", 1, money(cents)]
        out.row(cells, *((f"Azure {who}", day, cents) if sale else ()), used=sale)
        if no % 3 == 0:
            line = ["", "", "", "", "chair", 2, "7.50"]
            out.row(line, *((f"Azure {who}", day, 750) if sale else ()), used=sale)
    return out


def metrika():
    out = Layout(
        "id|client_uniq_id|client_type|create_date_time|update_date_time|finish_date_time|revenue|"
        "order_status|cost"
    )
    states = {"paid": "PAID", "failed": "CANCELLED", "refunded": "SPAM", "partly": "IN_PROGRESS"}
    for no, who, day, cents, what in orders():
        paid = what == "paid"
        cells = [no, f"J3{who}", "CONTACT", f"{day} 10:00:00", "", "", money(cents), states[what]]
        out.row([*cells, "1.00"], *((f"J3{who}", day, cents) if paid else ()), used=paid)
    return out


def roubles(cents):
    return f"{cents / 100:,.2f} ₽".translate(str.maketrans(",.", "\u00a0,"))


def phone(customer, i):
    tail = f"{customer:04d}"
    return (f"+7 900 123-{tail[:2]}-{tail[2:]}", f"8 (900) 123-{tail[:2]}-{tail[2:]}")[i % 2]


def retailcrm():
    out = Layout("Номер заказа|Дата заказа|Телефон клиента|Статус|Сумма, руб.", mark=";")
    for no, who, day, cents, what in orders():
        paid = what == "paid"
        state = "Выполнен" if paid else "Отменён"
        cells = [no, f"{day:%d.%m.%Y}", phone(who, no), state, roubles(cents)]
        out.row(cells, *((f"900123{who:04d}", day, cents) if paid else ()), used=paid)
    return out


def prom():
    out = Layout(
        "Номер заказа|Дата|ФИО|Телефон|Статус|Причина отмены|Название товара|Количество|Стоимость"
    )
    for no, who, day, cents, what in orders():
        paid = what == "paid"
        state = "Выполнен" if paid else "Отменен"
        for i, item in enumerate(["шапка", "шарф", "сумка"][: 1 + no % 3]):
            cells = [
                no,
                f"{day:%d.%m.%Y}",
                "А Б",
                phone(who, 0),
                state,
                "" if paid else "передумал",
            ]
            cells += [item, 1 + i, money(cents)]
            net = (f"900123{who:04d}", day, cents) if paid and not i else ()
            out.row(cells, *net, used=paid)
    return out


LAYOUTS = {
    "shopify": shopify,
    "woocommerce": woocommerce,
    "stripe": stripe,
    "square": square,
    "paypal": paypal,
    "amazon": amazon,
    "etsy": etsy,
    "magento": magento,
    "odoo": odoo,
    "metrika": metrika,
    "retailcrm": retailcrm,
    "prom": prom,
}
