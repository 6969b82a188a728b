"""Accounts of the local Label Studio, made in the server's own Python; passwords stay in one 0600 file."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from rupture_markers.errors import LabelStudioError
from rupture_markers.transcripts.whole_file import whole_text_file

# Runs in Label Studio's environment: passwords come by standard input and the token goes by standard output,
# never by the command line, where every user of the machine could read them.
_PROGRAM = """
import json, os, pathlib, sys
import label_studio
sys.path.insert(0, str(pathlib.Path(label_studio.__file__).parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "label_studio.core.settings.label_studio")
import django
django.setup()
from django.contrib.auth import get_user_model
from jwt_auth.models import LSAPIToken
from organizations.models import Organization
asked = json.load(sys.stdin)
User = get_user_model()
organization = Organization.objects.first()
for user, password in asked["users"].items():
    person = User.objects.filter(email=user).first() or User.objects.create_user(user, password, username=user[:30])
    if organization is None:
        organization = Organization.create_organization(created_by=person, title="rupture")
    organization.add_user(person)
    person.active_organization = organization
    person.set_password(password)
    person.save()
token = asked["token"] or LSAPIToken.for_user(User.objects.get(email=asked["admin"])).get_full_jwt()
sys.stdout.write("\\nrupture:" + json.dumps({"token": token}))
"""


@dataclass(frozen=True)
class Account:
    """A user of the local server; secrets never show in a repr."""

    user: str
    password: SecretStr
    token: SecretStr | None = None


def read_accounts(path: Path) -> tuple[Account, ...]:
    """Accounts of the file; none where there is no file.

    Raises
    ------
    LabelStudioError
        If the file is damaged.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return tuple(
            Account(r["user"], SecretStr(r["password"]), SecretStr(r["token"]) if r.get("token") else None)
            for r in rows
        )
    except FileNotFoundError:
        return ()
    except (ValueError, TypeError, KeyError, AttributeError):
        raise LabelStudioError(
            "the file of the accounts is damaged.",
            "Put it back from a backup; or move it away, and 'rupture label-studio start' makes new passwords.",
            path=path,
        ) from None


def ensure_accounts(
    path: Path, users: Sequence[str], admin: str, environment: Path, environ: dict[str, str]
) -> tuple[Account, ...]:
    """Make the accounts that are missing; nothing is done where none is.

    Raises
    ------
    LabelStudioError
        If the server's own Python refuses.
    """
    known = {account.user: account for account in read_accounts(path)}
    missing = [user for user in users if user not in known]
    if not missing:
        return tuple(known.values())
    fresh = {user: secrets.token_urlsafe(12) for user in missing}
    token = known[admin].token if admin in known else None
    request = {"users": fresh, "admin": admin, "token": token.get_secret_value() if token else None}
    done = subprocess.run(  # noqa: S603 - the interpreter of our own environment
        [str(environment / "bin" / "python"), "-c", _PROGRAM],
        input=json.dumps(request), env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    answer = done.stdout.rpartition("\nrupture:")[2]
    if done.returncode != 0 or not answer.startswith("{"):
        last = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        raise LabelStudioError(
            f"the accounts could not be made ({last[0][:120]}).", "See the server's log.", path=path.parent
        )
    for user, password in fresh.items():
        known[user] = Account(user, SecretStr(password))
    known[admin] = Account(admin, known[admin].password, SecretStr(json.loads(answer)["token"]))
    rows = [
        {
            "user": a.user,
            "password": a.password.get_secret_value(),
            "token": a.token.get_secret_value() if a.token else None,
        }
        for a in known.values()
    ]
    with whole_text_file(path) as out:
        json.dump(rows, out, indent=1)
    return tuple(known.values())
