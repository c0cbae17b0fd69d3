"""Relative paths: they are meant from the folder in which config.yaml lies, wherever the program is started."""

import os
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from watcher.camera.options import CameraOptions
from watcher.config.options import Options
from watcher.sinks.options import ExecOptions, WebhookOptions
from watcher.sources.options import FolderOptions, SourceOptions, VideoOptions
from watcher.vision.reference.options import FixedOptions, GoldenOptions

_WORDS = ("demo", "picamera")


def located(written: str, folder: File) -> str:
    """A path as it was written, made absolute; without ``..`` where it is the same place without."""
    try:
        path = File(written).expanduser()
    except RuntimeError:  # ~somebody, who is not known here: it stays as it is, and will not be found
        path = File(written)
    if path.is_absolute():
        return str(path)
    joined = folder / path
    plain = os.path.normpath(joined)
    try:
        same = os.path.realpath(plain) == os.path.realpath(joined)  # not so behind a link to another folder
    except (OSError, ValueError):
        same = False
    return plain if same else str(joined)


def settle_texts(values: dict[str, Any], folder: File) -> None:
    """Makes paths absolute where only the plain values still know that they are paths.

    One string that names a source is looked at as a file before it is told apart, and a secret does not show
    its file any more once it is one.
    """
    cameras, brokers = values.get("cameras"), values.get("mqtt")
    for camera in cameras.values() if isinstance(cameras, dict) else ():
        if isinstance(camera, dict) and isinstance(camera.get("source"), str):
            camera["source"] = _source_text(camera["source"].strip(), folder)
    for index, broker in enumerate(brokers if isinstance(brokers, list) else ()):
        secret = broker.get("password") if isinstance(broker, dict) else None
        if isinstance(secret, dict) and isinstance(secret.get("file"), str) and secret["file"]:
            settled = {**secret, "file": located(secret["file"], folder)}
            values["mqtt"][index] = {**broker, "password": settled}
    for camera in cameras.values() if isinstance(cameras, dict) else ():
        sinks = camera.get("sinks") if isinstance(camera, dict) else None
        for sink in sinks.values() if isinstance(sinks, dict) else ():
            _settle_sink(sink, folder)


def _settle_sink(sink: Any, folder: File) -> None:
    if not isinstance(sink, dict):
        return
    sections = [one for one in (sink, sink.get("headers"), sink.get("environment")) if isinstance(one, dict)]
    for section in sections:
        for key, value in section.items():
            if isinstance(value, dict) and isinstance(value.get("file"), str) and value["file"]:
                section[key] = {**value, "file": located(value["file"], folder)}


def settle(options: Options, folder: File) -> Options:
    """The same options with every path absolute."""
    return replace(
        options,
        mqtt=tuple(_settled_certificates(broker, folder) for broker in options.mqtt),
        storage=replace(options.storage, folder=located(options.storage.folder, folder)),
        cameras={key: _settled_camera(camera, folder) for key, camera in options.cameras.items()},
    )


def _source_text(text: str, folder: File) -> str:
    if not text or text in _WORDS or "://" in text or "\0" in text:
        return text
    path = located(text, folder)
    try:
        there = File(path).exists()
    except OSError:  # longer than a file name can be
        there = False
    return path if there else text


def _settled_camera(camera: CameraOptions, folder: File) -> CameraOptions:
    reference = camera.reference
    if isinstance(reference, FixedOptions) and reference.image is not None:
        reference = replace(reference, image=located(reference.image, folder))
    if isinstance(reference, GoldenOptions) and reference.images is not None:
        reference = replace(reference, images=located(reference.images, folder))
    sinks = {key: _settled_sink(sink, folder) for key, sink in camera.sinks.items()}
    return replace(camera, source=_settled_source(camera.source, folder), reference=reference, sinks=sinks)


def _settled_sink(sink: ExecOptions | WebhookOptions, folder: File) -> ExecOptions | WebhookOptions:
    if isinstance(sink, WebhookOptions):
        return sink if sink.ca is None else replace(sink, ca=located(sink.ca, folder))
    program, *arguments = sink.command
    # Without a slash it is looked for on the PATH, as everywhere.
    return replace(sink, command=(located(program, folder), *arguments)) if "/" in program else sink


def _settled_source(source: SourceOptions, folder: File) -> SourceOptions:
    if isinstance(source, VideoOptions | FolderOptions):
        return replace(source, path=located(source.path, folder))
    return source


def _settled_certificates(broker: Any, folder: File) -> Any:
    if isinstance(broker.tls, bool):
        return broker
    files = {key: getattr(broker.tls, key) for key in ("ca", "cert", "key")}
    settled = {key: located(file, folder) for key, file in files.items() if file is not None}
    return replace(broker, tls=replace(broker.tls, **settled))
