"""Examples by department; most start a job in a service of one's own."""

from tasks_app.catalogue.example import HOURLY, call, cron, daily, mail, monthly, weekly

SALES = (
    call(
        "generate-monthly-invoices",
        "Generate monthly invoices",
        "sales",
        "Has recurring invoices written on the first of each month.",
        monthly(1, "06:00"),
        "sales service",
        "invoices/generate",
        queue="critical",
    ),
    call(
        "send-payment-reminders",
        "Send payment reminders",
        "sales",
        "Has customers reminded of payments that are due.",
        daily("10:00"),
        "sales service",
        "reminders/payments",
    ),
    call(
        "check-overdue-invoices",
        "Check overdue invoices",
        "sales",
        "Has invoices marked as overdue, every hour.",
        HOURLY,
        "sales service",
        "invoices/check-overdue",
    ),
    call(
        "calculate-late-fees",
        "Calculate late fees",
        "sales",
        "Has late fees added to overdue invoices at midnight.",
        daily("00:00"),
        "sales service",
        "late-fees/calculate",
    ),
)

PURCHASE = (
    call(
        "send-po-approvals",
        "Notify of pending approvals",
        "purchase",
        "Has approvers told which purchase orders wait for them.",
        cron("0 */2 * * *"),
        "purchase service",
        "purchase-orders/notify-approvers",
    ),
    call(
        "check-grn-matching",
        "Match goods received",
        "purchase",
        "Has goods received notes matched with their purchase orders.",
        daily("09:00"),
        "purchase service",
        "goods-received/match",
    ),
    mail(
        "vendor-payment-reminders",
        "Vendor payment reminders",
        "purchase",
        "Reminds the people who pay vendors, every Monday.",
        weekly("mon", "09:00"),
        "Vendor payments of this week",
        "Good morning,\n\nplease look at the vendor payments that fall due this week and release them by Wednesday.\n",
        "Who releases vendor payments.",
    ),
)

PAYROLL = (
    call(
        "process-monthly-salaries",
        "Process monthly salaries",
        "payroll",
        "Has salaries worked out and paid on the last day of each month.",
        monthly("last", "23:00"),
        "payroll service",
        "salaries/process",
        queue="critical",
    ),
    call(
        "generate-payslips",
        "Generate payslips",
        "payroll",
        "Has payslips written as PDF on the first of each month.",
        monthly(1, "00:00"),
        "payroll service",
        "payslips/generate",
    ),
    call(
        "statutory-compliance-report",
        "Statutory compliance report",
        "payroll",
        "Has the compliance reports of the month written on the second.",
        monthly(2, "06:00"),
        "payroll service",
        "compliance/report",
    ),
    call(
        "attendance-summary",
        "Attendance summary",
        "payroll",
        "Has the attendance of the day added up in the evening.",
        daily("18:00"),
        "payroll service",
        "attendance/summarise",
    ),
)

COMMUNITY = (
    mail(
        "send-event-reminders",
        "Event reminders",
        "community",
        "Reminds residents each morning of what is coming up.",
        daily("08:00"),
        "What is on in our community",
        "Good morning,\n\nevents of the coming days stand in the calendar of our community. We look forward to you.\n",
        "The residents, one address per line; or a stored CSV file with the column email.",
    ),
    call(
        "expire-visitor-passes",
        "Expire visitor passes",
        "community",
        "Has one-time visitor passes ended when their time is over.",
        cron("*/30 * * * *"),
        "community service",
        "visitor-passes/expire",
    ),
    call(
        "maintenance-request-escalation",
        "Escalate maintenance requests",
        "community",
        "Has maintenance requests that wait too long passed on to whoever decides.",
        cron("0 */4 * * *"),
        "community service",
        "maintenance-requests/escalate",
    ),
)

INVENTORY = (
    call(
        "check-low-stock-alerts",
        "Low stock alerts",
        "inventory",
        "Has somebody told which items are below their reorder level.",
        daily("09:00"),
        "inventory service",
        "stock/alert-low",
    ),
    call(
        "generate-stock-report",
        "Weekly stock report",
        "inventory",
        "Has the inventory report written every Friday.",
        weekly("fri", "17:00"),
        "inventory service",
        "reports/stock",
        queue="low-priority",
    ),
    call(
        "expire-items-check",
        "Mark expired items",
        "inventory",
        "Has inventory items that are out of date marked at midnight.",
        daily("00:00"),
        "inventory service",
        "items/expire",
    ),
)
