"""A face check for a login; `uvicorn login:app` serves it. Needs fastapi and python-multipart."""

from fastapi import FastAPI, HTTPException, UploadFile

import facepad

app = FastAPI()
checker = facepad.Checker(faces="single")  # keep it: it holds the models


@app.post("/login/face")
def judge_face(picture: UploadFile) -> dict[str, bool]:
    """Answer 200 for a living person, 403 with reasons otherwise, 422 for what is no picture."""
    try:
        decision = checker.check(picture)
    except facepad.InputError as error:
        raise HTTPException(422, str(error)) from None
    if not decision.passed:
        raise HTTPException(403, list(decision.reasons))  # codes such as "too_dark"
    return {"live": True}
