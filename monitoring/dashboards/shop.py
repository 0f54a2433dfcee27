"""The shop's own metrics, as its Dags send them."""

from __future__ import annotations

from dashboards.panels import Board, Panel

SHOP = Board(
    uid="airfleet-shop",
    title="8 Shop",
    description="Results of the three pipelines: rows, quality, revenue.",
    variables=("dag",),
    panels=(
        Panel(
            title="Quality score",
            unit="percentunit",
            description="The last score of the shop's data, by the Dag that found it; 95 % is grade A.",
            queries=(('max by (dag_id) (app_shop_quality_score_ratio{dag_id=~"$dag"})', "{{dag_id}}"),),
            bad_below=0.9,
        ),
        Panel(
            title="Rows loaded",
            unit="short",
            description="Rows loaded from source files within the shown time (approximate: counts are extrapolated).",
            queries=(
                ('sum by (dag_id) (increase(app_shop_rows_loaded_total{dag_id=~"$dag"}[$__range]))', "{{dag_id}}"),
            ),
            kind="stat",
        ),
        Panel(
            title="Rows in quarantine",
            unit="short",
            description="Quarantined rows of the whole warehouse after the last load.",
            queries=(('max by (dag_id) (app_shop_rows_quarantined{dag_id=~"$dag"})', "{{dag_id}}"),),
        ),
        Panel(
            title="Net revenue",
            unit="currencyINR",
            description="Net revenue in rupees of all days, as the last comparison of the marts' totals found it.",
            queries=(('max by (dag_id) (app_shop_net_revenue_rupees{dag_id=~"$dag"})', "{{dag_id}}"),),
        ),
    ),
)
