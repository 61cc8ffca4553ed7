"""`run`: the operator."""

import argparse
import asyncio
import logging
import os
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from llmstack.controller.operator import run_operator
from llmstack.controller.settings import SettingsError, read_settings


def run(arguments: argparse.Namespace) -> int:
    """Run the operator until a signal comes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = read_settings(arguments.settings)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider = TracerProvider(resource=Resource.create({"service.name": "llmstack-operator"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    return asyncio.run(run_operator(settings))
