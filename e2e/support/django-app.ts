import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const settings = `import os

SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
ALLOWED_HOSTS = os.environ["DJANGO_ALLOWED_HOSTS"].split(",")
DEBUG = False
ROOT_URLCONF = "such.urls"
WSGI_APPLICATION = "such.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
USE_TZ = True
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "pages",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["POSTGRES_HOST"],
        "NAME": os.environ["POSTGRES_DB"],
        "USER": os.environ["POSTGRES_USER"],
        "PASSWORD": os.environ["POSTGRES_PASSWORD"],
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
`;

/** What an app on gunicorn needs to drain: the master hands SIGUSR1 on to its workers. */
const gunicorn = `import signal


def post_worker_init(worker):
    from such import draining

    signal.signal(signal.SIGUSR1, draining.begin)
`;

const draining = `now = False


def begin(*_):
    global now
    now = True
`;

const views = `from django.db import connection
from django.http import HttpResponse

from such import draining

from .models import Visit


def home(request):
    return HttpResponse(f"such Django, {Visit.objects.count()} visits, much WORD")


def healthz(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("wow")


def readyz(request):
    return HttpResponse("draining", status=503) if draining.now else healthz(request)


def language(request):
    Visit.objects.create(words=request.POST.get("next", "")[:100])
    return HttpResponse("noted")
`;

const migration = (name: string, after: string, operation: string): string => `from django.db import migrations, models


class Migration(migrations.Migration):
    # ${name}
    dependencies = [${after}]
    operations = [${operation}]
`;

const files: Readonly<Record<string, string>> = {
  // On what a build finds without a network: what \`pip install -r requirements.txt\` would bring.
  Dockerfile: `FROM @base@
WORKDIR /app
COPY . .
RUN python -m compileall -q such pages
USER 1000:1000
EXPOSE 8000
CMD ["gunicorn", "such.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--worker-tmp-dir", "/dev/shm"]
`,
  ".dockerignore": ".git\n.envs\n.doge\ninfra\n",
  "requirements.txt": "Django>=4.2\npsycopg2>=2.9\ngunicorn>=20\n",
  "manage.py": `#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "such.settings")
execute_from_command_line(sys.argv)
`,
  "gunicorn.conf.py": gunicorn,
  "such/__init__.py": "",
  "such/draining.py": draining,
  "such/settings.py": settings,
  "such/wsgi.py": `import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "such.settings")
application = get_wsgi_application()
`,
  "such/urls.py": `from django.contrib import admin
from django.urls import path

from pages import views

urlpatterns = [
    path("", views.home),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("language/", views.language),
    path("admin/", admin.site.urls),
]
`,
  "pages/__init__.py": "",
  "pages/models.py": `from django.db import models


class Visit(models.Model):
    words = models.CharField(max_length=100)
    at = models.DateTimeField(auto_now_add=True)
`,
  "pages/views.py": views,
  "pages/migrations/__init__.py": "",
  "pages/migrations/0001_initial.py": migration(
    "visits",
    "",
    `migrations.CreateModel("Visit", [
        ("id", models.BigAutoField(primary_key=True)),
        ("words", models.CharField(max_length=100)),
        ("at", models.DateTimeField(auto_now_add=True)),
    ])`,
  ),
};

/** A Django app of the original's shape (accounts, admin, a model with migrations, gunicorn), with a Dockerfile. */
export function writeDjangoApp(folder: string, base: string): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content.replace("@base@", base));
  }
}

/** Its next version: another word on the page, and an index more. */
export function changeDjangoApp(folder: string, word: string): void {
  writeFileSync(join(folder, "pages/views.py"), views.replace("WORD", word));
  const index = `migrations.AddIndex("visit", models.Index(fields=["at"], name="visit_at"))`;
  writeFileSync(join(folder, "pages/migrations/0002_at.py"), migration("an index", `("pages", "0001_initial")`, index));
}
