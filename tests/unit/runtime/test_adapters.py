"""A validator of one type is built once."""

from types import SimpleNamespace
from typing import Annotated, Any, cast

from pydantic import Field, TypeAdapter, ValidationError

from airfleet.runtime.patches.changes import adapters

Small = Annotated[int, Field(lt=10)]
Large = Annotated[int, Field(gt=10)]


def test_the_second_adapter_of_a_type_is_the_first() -> None:
    module = SimpleNamespace(TypeAdapter=TypeAdapter, ToTask=Large, __name__="airflow.sdk.execution_time.comms")
    adapters.change(cast(Any, module))
    assert module.TypeAdapter(Small) is module.TypeAdapter(Small)


def test_types_keep_adapters_of_their_own() -> None:
    adapter = adapters.kept(TypeAdapter)
    assert adapter(Small).validate_python(3) == 3
    assert adapter(Large).validate_python(30) == 30
    try:
        adapter(Large).validate_python(3)
    except ValidationError:
        return
    raise AssertionError("3 passed as a large number")
