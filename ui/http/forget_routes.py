"""``POST /v1/forget``: an owner has a customer forgotten, with a key of their own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from app.desk import Desk
from app.errors import CustomerUnclear
from app.forget import forget
from ui.http.identity import person_of
from ui.http.problems import Problem
from ui.http.requests import problems

RECEIPT = {
    "shop": "Lindgrove", "customer": "forgotten-3f9c0a11d2b7", "dry_run": True,
    "stores": [{"store": "audit log", "found": 3, "problem": None}],
    "views": ["customers", "sales"], "left": [], "under_way": 0, "shared": 0, "short": 0,
    "has_written": None, "complete": True,
}  # fmt: skip
_STATUS = {"nobody": 404, "several": 409, "not_bound": 422, "not_whole": 403}


class Forgetting(BaseModel):
    """Who is to be forgotten."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"customer": "C-1042", "dry_run": True}]}
    )
    customer: str = Field(
        min_length=1, max_length=200, description="Key, e-mail address, telephone number or full name."
    )
    dry_run: bool = Field(description="true only counts what would go; false forgets.")


def forget_routes(desk: Desk) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["forget"])

    @routes.post(
        "/forget",
        summary="Take a customer out of all that is kept about the shop",
        response_class=JSONResponse,
        responses={
            200: {"content": {"application/json": {"example": RECEIPT}}},
            **problems(
                ("body_json", 400), ("forget_no_key", 403), ("forget_not_whole", 403), ("forget_nobody", 404),
                ("forget_several", 409), ("body_invalid", 422), ("forget_not_bound", 422),
                ("limit_minute", 429),
            ),
        },
    )  # fmt: skip
    def forget_customer(body: Forgetting, request: Request) -> Response:
        person = person_of(request.scope)
        if not person.id:
            raise Problem("forget_no_key", 403)
        desk.admit(person)
        said = body.customer.encode("utf-8", "replace").decode("utf-8")
        try:
            receipt = forget(desk.house.settings, desk.shop, person, said, is_dry=body.dry_run)
        except CustomerUnclear as error:
            raise Problem(f"forget_{error.key}", _STATUS[error.key], values=error.values) from error
        return JSONResponse(receipt.to_json())

    return routes
