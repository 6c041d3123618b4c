#!/usr/bin/env python3
"""Holds the task definitions in .aws/ against boto3's model of ECS. Nothing is sent."""

import json
import pathlib
import sys

from botocore import session, validate

shape = session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
failed = False
for path in sorted(pathlib.Path(".aws").glob("*-task-definition.json")):
    report = validate.ParamValidator().validate(json.loads(path.read_text()), shape)
    if report.has_errors():
        print(f"{path}:\n{report.generate_report()}", file=sys.stderr)
        failed = True
sys.exit(failed)
